//! Whether the file of an embedded database is as it was written.

use std::path::Path;

use rusqlite::{Connection, ErrorCode, OpenFlags};

use super::DatabaseError;

/// Faults of a damaged file; empty for one that is whole. The file may be in use, and is not changed.
///
/// # Errors
///
/// [`DatabaseError::Open`] when nothing can be read.
pub async fn faults(path: &Path) -> Result<Vec<String>, DatabaseError> {
    let place = path.display().to_string();
    let path = path.to_owned();
    let error = |reason: String| DatabaseError::Open { place, reason };
    match tokio::task::spawn_blocking(move || quick_check(&path)).await {
        Ok(Ok(faults)) => Ok(faults),
        Ok(Err(err)) => Err(error(err.to_string())),
        Err(err) => Err(error(err.to_string())),
    }
}

/// Errors of a file in a folder that this process may not write to.
const NO_LOCKS: [Option<ErrorCode>; 2] = [Some(ErrorCode::CannotOpen), Some(ErrorCode::ReadOnly)];

fn quick_check(path: &Path) -> rusqlite::Result<Vec<String>> {
    let database = Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_ONLY)?;
    match faults_of(&database) {
        // In a folder that this process may not write to, no file for locks can be made.
        Err(err) if NO_LOCKS.contains(&err.sqlite_error_code()) => {
            let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_URI;
            faults_of(&Connection::open_with_flags(unchanging(path), flags)?)
        }
        // A page without which nothing can be read is a fault like others.
        Err(err) if err.sqlite_error_code() == Some(ErrorCode::DatabaseCorrupt) => {
            Ok(vec![err.to_string()])
        }
        result => result,
    }
}

/// The URI of a file that nothing changes, which needs no locks.
fn unchanging(path: &Path) -> String {
    let path = path.display().to_string();
    let path = path.replace('%', "%25").replace('?', "%3f").replace('#', "%23");
    format!("file:{path}?immutable=1")
}

fn faults_of(database: &Connection) -> rusqlite::Result<Vec<String>> {
    let mut check = database.prepare("PRAGMA quick_check")?;
    let said = check.query_map([], |row| row.get::<_, String>(0))?;
    let mut faults = said.collect::<rusqlite::Result<Vec<String>>>()?;
    faults.retain(|it| it != "ok");
    Ok(faults)
}
