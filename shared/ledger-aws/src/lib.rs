//! AWS as the use cases see it: its bills are read here.
//!
//! Start reading at [`cur::CurFolder`].

pub mod cur;
