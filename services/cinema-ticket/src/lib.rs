//! Paper tickets at the kiosk; decides a cancellation.
