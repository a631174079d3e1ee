"""Files of many claims: their bytes are read, numbered and written by functions that Numba translates."""
