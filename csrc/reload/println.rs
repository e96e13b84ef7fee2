/* Claim: a plugin that called println! answers as the old file did, opened again or not. */
use std::sync::atomic::{AtomicI32, Ordering};

static CALLED: AtomicI32 = AtomicI32::new(0);

#[no_mangle]
pub extern "C" fn answer() -> i32 {
    println!("asked");
    CALLED.fetch_add(1, Ordering::Relaxed);
    if cfg!(VERSION = "2") { 2 } else { 1 }
}

#[no_mangle]
pub extern "C" fn calls() -> i32 {
    CALLED.load(Ordering::Relaxed)
}
