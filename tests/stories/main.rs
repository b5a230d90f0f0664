//! Purpose: stories: what people do and see, through Muster's front door.

mod cost;
mod giveaways_draw;
mod giveaways_entry;
mod giveaways_faults;
mod giveaways_start;
