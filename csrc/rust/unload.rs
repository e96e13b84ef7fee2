/* Claim: whether a cdylib can be unloaded depends on which parts of Rust's library it has used.
 *
 * One function for each; what it uses is in its name. */
use std::cell::Cell;

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
