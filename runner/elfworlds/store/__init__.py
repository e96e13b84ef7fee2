"""What lies in the store: looked through, checked, explained, and removed where nobody needs it any more."""
