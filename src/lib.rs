//! Purpose: placeholder.
