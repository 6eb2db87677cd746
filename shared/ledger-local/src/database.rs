//! DynamoDB in local mode: Dynoxide within this process, on loopback.

use std::net::{Ipv4Addr, SocketAddr};
use std::path::Path;
use std::time::Duration;

use dynoxide::Database;
use tokio::net::TcpListener;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

/// How often expired items are removed; AWS takes up to two days.
const SWEEP_INTERVAL: Duration = Duration::from_secs(60);

/// A database that serves DynamoDB's interface to this machine alone.
///
/// It stops when it is dropped; [`EmbeddedDatabase::stop`] waits for running calls as well.
#[derive(Debug)]
pub struct EmbeddedDatabase {
    address: SocketAddr,
    shutdown: oneshot::Sender<()>,
    server: JoinHandle<Result<(), String>>,
    sweeper: Sweeper,
}

/// Ends with its owner.
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
        /// What the database says.
        reason: String,
    },
    /// It could not serve, or did not stop well.
    #[error("could not serve the database: {0}")]
    Serve(String),
}

impl EmbeddedDatabase {
    /// Opens a file, which is made if it is missing, or a database in memory; serves it on a free
    /// port of 127.0.0.1.
    ///
    /// # Errors
    ///
    /// [`DatabaseError`] when the file cannot be opened or no port can be had.
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
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.map_err(serve)?;
        let address = listener.local_addr().map_err(serve)?;
        let (shutdown, stopped) = oneshot::channel::<()>();
        let sweeper = Sweeper(tokio::spawn(sweep(database.clone())));
        let server =
            tokio::spawn(dynoxide::server::serve_with_shutdown(listener, database, async move {
                // A sender that is gone is a wish to stop as well.
                let _ = stopped.await;
            }));
        Ok(EmbeddedDatabase { address, shutdown, server, sweeper })
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Its URL, such as `http://127.0.0.1:40713`.
    pub fn endpoint(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Finishes running calls and stops.
    ///
    /// # Errors
    ///
    /// [`DatabaseError::Serve`] when the server had ended in an error.
    pub async fn stop(self) -> Result<(), DatabaseError> {
        drop(self.sweeper);
        // A server that has ended already hears nothing; its result says why.
        let _ = self.shutdown.send(());
        self.server
            .await
            .map_err(|err| DatabaseError::Serve(err.to_string()))?
            .map_err(DatabaseError::Serve)
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
