/* Claim: a Rust library that defines __cxa_thread_atexit_impl itself still registers with the C library's. */
use std::os::raw::{c_int, c_void};
use std::sync::atomic::{AtomicI32, Ordering};

static OWN_CALLS: AtomicI32 = AtomicI32::new(0);

#[cfg(own)]
#[no_mangle]
pub extern "C" fn __cxa_thread_atexit_impl(_destructor: *mut c_void, _object: *mut c_void, _dso: *mut c_void) -> c_int {
    OWN_CALLS.fetch_add(1, Ordering::Relaxed);
    0
}

#[no_mangle]
pub extern "C" fn own_calls() -> c_int {
    OWN_CALLS.load(Ordering::Relaxed)
}

#[no_mangle]
pub extern "C" fn register() {
    struct Guard;
    impl Drop for Guard {
        fn drop(&mut self) {}
    }
    thread_local!(static GUARD: Guard = Guard);
    GUARD.with(|_| ());
}
