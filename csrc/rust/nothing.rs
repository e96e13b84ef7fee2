/* Claim: a cdylib whose function does nothing has six mappings, one more than a library in C. */
#[no_mangle]
pub extern "C" fn greet() {}
