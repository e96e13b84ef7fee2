/* Claim: of a cdylib with one function, others see that function and rust_eh_personality. */
use std::ffi::CStr;
use std::os::raw::c_char;

#[no_mangle]
pub unsafe extern "C" fn greet(name: *const c_char) {
    println!("Hello, {}!", CStr::from_ptr(name).to_str().unwrap());
}
