/* Claim: whether a cdylib can be unloaded depends on which parts of Rust's library it has used.
 *
 * One function for each; what it uses is in its name. */
use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::fs::File;
use std::io::{stdin, Write};
use std::mem::ManuallyDrop;
use std::os::unix::io::FromRawFd;
use std::sync::atomic::{AtomicPtr, Ordering};
use std::sync::Arc;

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

/* An imitation of what println! did in Rust 1.46, as its sources were read; that Rust was never run here. It looked where
 * a test's output may be captured, then it wrote to stdout. */
#[no_mangle]
pub extern "C" fn imitation_of_println() {
    thread_local!(static LOCAL_STDOUT: RefCell<Option<Box<dyn Write + Send>>> = RefCell::new(None));
    let captured = LOCAL_STDOUT.with(|captured| captured.borrow().is_some());
    assert!(!captured);
    imitation_of_stdout();
    let mut file = ManuallyDrop::new(unsafe { File::from_raw_fd(1) });
    file.write_all(b"hello\n").unwrap();
}

/* An imitation of what stdout allocated there when it was first used: its buffer, and a list of what to run at exit. */
#[no_mangle]
pub extern "C" fn imitation_of_stdout() {
    struct Stdout {
        _buffer: Vec<u8>,
        _others: [u64; 8],
    }
    static STDOUT: AtomicPtr<Arc<Stdout>> = AtomicPtr::new(std::ptr::null_mut());
    static AT_EXIT: AtomicPtr<Vec<Box<dyn FnOnce()>>> = AtomicPtr::new(std::ptr::null_mut());
    if STDOUT.load(Ordering::Relaxed).is_null() {
        let place = &STDOUT;
        let mut list: Box<Vec<Box<dyn FnOnce()>>> = Box::new(Vec::new());
        list.push(Box::new(move || place.store(std::ptr::null_mut(), Ordering::Relaxed)));
        AT_EXIT.store(Box::into_raw(list), Ordering::Relaxed);
        let stdout = Arc::new(Stdout { _buffer: Vec::with_capacity(1024), _others: [0; 8] });
        STDOUT.store(Box::into_raw(Box::new(stdout)), Ordering::Relaxed);
    }
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

#[no_mangle]
pub extern "C" fn thread_local_with_box() {
    thread_local!(static BOX: Box<[u8; 100]> = Box::new([1; 100]));
    BOX.with(|boxed| assert_eq!(boxed[0], 1));
}
