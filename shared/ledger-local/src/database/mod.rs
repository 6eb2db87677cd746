//! DynamoDB in local mode: Dynoxide within this process, on loopback.

pub mod integrity;
mod operations;

use std::net::SocketAddr;
use std::path::Path;
use std::time::Duration;

use dynoxide::Database;
use tokio::task::JoinHandle;

use crate::loopback::{Callers, LoopbackServer, Secret};

/// How often expired items are removed; AWS takes up to two days.
const SWEEP_INTERVAL: Duration = Duration::from_secs(60);

/// A database that serves DynamoDB's interface to this machine alone, to programs that know the
/// secret in its endpoint: neither a page of a browser nor another user can read or change it.
///
/// It stops when it is dropped; [`EmbeddedDatabase::stop`] waits for running calls as well.
#[derive(Debug)]
pub struct EmbeddedDatabase {
    server: LoopbackServer,
    secret: Secret,
    sweeper: Sweeper,
}

/// A task that stops when its owner is dropped.
#[derive(Debug)]
struct Sweeper(JoinHandle<()>);

impl Drop for Sweeper {
    fn drop(&mut self) {
        self.0.abort();
    }
}

/// Why the database does not run.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DatabaseError {
    /// The file could not be opened.
    #[error("could not open database `{place}`: {reason}")]
    Open {
        /// The file, or `memory`.
        place: String,
        /// The database's own message.
        reason: String,
    },
    /// It could not serve, or did not stop well.
    #[error("could not serve the database: {0}")]
    Serve(String),
}

impl EmbeddedDatabase {
    /// Opens a file, which is created if missing, or a database in memory; serves it on a free port
    /// of 127.0.0.1.
    ///
    /// # Errors
    ///
    /// [`DatabaseError`] when the file cannot be opened or no port is free.
    pub async fn open(path: Option<&Path>) -> Result<EmbeddedDatabase, DatabaseError> {
        let place = path.map_or_else(|| "memory".to_owned(), |it| it.display().to_string());
        let error = |reason: String| DatabaseError::Open { place: place.clone(), reason };
        let file = match path {
            Some(path) => {
                let path = path.to_str().ok_or_else(|| error("expected UTF-8".to_owned()))?;
                Some(path.to_owned())
            }
            None => None,
        };
        let opening = tokio::task::spawn_blocking(move || match file {
            Some(file) => Database::new(&file),
            None => Database::memory(),
        });
        let database = opening
            .await
            .map_err(|err| error(err.to_string()))?
            .map_err(|err| error(err.to_string()))?;
        let serve = |err: std::io::Error| DatabaseError::Serve(err.to_string());
        let secret = Secret::new().map_err(serve)?;
        let sweeper = Sweeper(tokio::spawn(sweep(database.clone())));
        let callers = Callers::Holders(secret.clone());
        let server = LoopbackServer::start(0, operations::router(database), callers).await;
        Ok(EmbeddedDatabase { server: server.map_err(serve)?, secret, sweeper })
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.server.address()
    }

    /// Its URL, with the secret as the user's name: `http://SECRET@127.0.0.1:40713`.
    pub fn endpoint(&self) -> String {
        self.endpoint_by(self.address())
    }

    /// [`EmbeddedDatabase::endpoint`] by way of another address, such as a proxy's.
    pub fn endpoint_by(&self, address: SocketAddr) -> String {
        format!("http://{}@{address}", self.secret.as_str())
    }

    /// Finishes running calls and stops.
    ///
    /// # Errors
    ///
    /// [`DatabaseError::Serve`] when the server had ended by itself.
    pub async fn stop(self) -> Result<(), DatabaseError> {
        drop(self.sweeper);
        self.server.stop().await.map_err(|err| DatabaseError::Serve(err.to_string()))
    }
}

async fn sweep(database: Database) {
    loop {
        tokio::time::sleep(SWEEP_INTERVAL).await;
        let database = database.clone();
        match tokio::task::spawn_blocking(move || database.sweep_ttl()).await {
            Ok(Ok(_)) => {}
            Ok(Err(err)) => tracing::warn!(error = %err, "could not remove expired items"),
            Err(err) => tracing::warn!(error = %err, "could not remove expired items"),
        }
    }
}
