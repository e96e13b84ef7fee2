/* Claim: whether a cdylib can be unloaded depends on which parts of Rust's library it has used.
 *
 * One function for each; what it uses is in its name. */
use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::io::{stdin, Write};

#[no_mangle]
pub extern "C" fn nothing() {}

#[no_mangle]
pub extern "C" fn println() {
    println!("hello");
}

#[no_mangle]
pub extern "C" fn thread_local_plain() {
    thread_local!(static COUNT: Cell<u32> = Cell::new(0));
    COUNT.with(|count| count.set(count.get() + 1));
}

#[no_mangle]
pub extern "C" fn thread_local_with_drop() {
    struct Guard;
    impl Drop for Guard {
        fn drop(&mut self) {}
    }
    thread_local!(static GUARD: Guard = Guard);
    GUARD.with(|_| ());
}

#[no_mangle]
pub extern "C" fn thread_current() {
    let _ = std::thread::current().id();
}

#[no_mangle]
pub extern "C" fn thread_spawn() {
    std::thread::spawn(|| ()).join().unwrap();
}

/* What println! looked at before it printed, in Rust 1.46: where a test's output may be captured. */
#[no_mangle]
pub extern "C" fn println_of_1_46() {
    thread_local!(static LOCAL_STDOUT: RefCell<Option<Box<dyn Write + Send>>> = RefCell::new(None));
    let captured = LOCAL_STDOUT.with(|captured| captured.borrow().is_some());
    assert!(!captured);
    println!("hello");
}

#[no_mangle]
pub extern "C" fn stdin_and_stderr() {
    eprintln!("hello");
    stdin().read_line(&mut String::new()).unwrap();
}

#[no_mangle]
pub extern "C" fn hash_map() {
    let _ = HashMap::<u32, u32>::new();
}

#[no_mangle]
pub extern "C" fn panic_caught() {
    let _ = std::panic::catch_unwind(|| panic!("caught"));
}
