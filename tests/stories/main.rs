//! Purpose: stories: what people do and see, through Muster's front door.

mod activity;
mod basics;
mod config;
mod cost;
mod doors;
mod giveaways_draw;
mod giveaways_entry;
mod giveaways_faults;
mod giveaways_manage;
mod giveaways_races;
mod giveaways_start;
mod levels_api;
mod levels_board;
mod levels_config;
mod levels_earning;
mod levels_faults;
mod levels_model;
mod levels_rank;
mod levels_rewards;
mod levels_why;
mod levels_xp;
mod people;
mod privacy;
mod registration;
mod tidy;
mod undelivered;
