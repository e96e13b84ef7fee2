/* Claim: a cdylib without a function of its own exports nothing. */
