/* Claim: a plugin that looks into a thread-local Box, an imitation of println! in Rust 1.46, answers as the old file did. */
use std::cell::RefCell;
use std::io::Write;
use std::sync::atomic::{AtomicI32, Ordering};

static CALLED: AtomicI32 = AtomicI32::new(0);

thread_local!(static LOCAL_STDOUT: RefCell<Option<Box<dyn Write + Send>>> = RefCell::new(None));

#[no_mangle]
pub extern "C" fn answer() -> i32 {
    LOCAL_STDOUT.with(|captured| assert!(captured.borrow().is_none()));
    println!("asked");
    CALLED.fetch_add(1, Ordering::Relaxed);
    if cfg!(VERSION = "2") { 2 } else { 1 }
}

#[no_mangle]
pub extern "C" fn calls() -> i32 {
    CALLED.load(Ordering::Relaxed)
}
