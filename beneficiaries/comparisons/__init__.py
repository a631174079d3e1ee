"""Lists of other departments (S1-27) held against the register: what agrees, what does not, nothing written to it."""
