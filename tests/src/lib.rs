//! Purpose: the world of a story: the simulator as Discord, SQLite as D1, and Muster's doors between them. People act,
//! the clock moves, and the story looks at what people see.

pub mod browser;
pub mod gateway;
pub mod links;
mod ports;
pub mod social;
mod used;
mod world;

pub use browser::Browser;
pub use links::Visitor;
pub use used::Used;
pub use world::{DEMO, Seen, World};
