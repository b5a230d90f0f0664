//! Purpose: the thin server around the core.
