//! Takes money and gives it back, each once.
