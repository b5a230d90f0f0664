//! Purpose: what the tests of this crate share: a folder that goes away with the test.

use std::path::{Path, PathBuf};

/// A new, empty folder.
pub struct Folder(PathBuf);

impl Folder {
    pub fn new() -> Self {
        let path = std::env::temp_dir().join(format!("muster-gateway-{}", crate::random::name()));
        std::fs::create_dir_all(&path).expect("a folder for temporary files");
        Self(path)
    }

    pub fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        // What stays lies among temporary files and disturbs nobody.
        let _ = std::fs::remove_dir_all(&self.0);
    }
}
