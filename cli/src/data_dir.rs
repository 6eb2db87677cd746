//! The folder of the embedded ledger: one writer at a time.

use std::fs::{File, OpenOptions, TryLockError};
use std::io::{Read, Seek, Write};
use std::path::{Path, PathBuf};

use anyhow::{Context, bail};
use ledger_aws::connect::LocalEndpoint;
use ledger_aws::dynamodb::DynamoLedger;
use ledger_local::database::EmbeddedDatabase;

/// The table's name; the same in the cloud.
pub const TABLE: &str = "tollbook";

/// An open ledger.
pub struct DataDir {
    /// The ledger.
    pub ledger: DynamoLedger,
    /// Where it is.
    pub path: PathBuf,
    database: Option<EmbeddedDatabase>,
    /// Held until this process ends, however it ends.
    lock: Option<File>,
}

impl DataDir {
    /// Opens the ledger for this process alone.
    pub async fn open(path: &Path) -> anyhow::Result<DataDir> {
        std::fs::create_dir_all(path)
            .with_context(|| format!("could not make the data folder `{}`", path.display()))?;
        match lock(path)? {
            Ok(lock) => DataDir::start(path, lock).await,
            Err(holder) => bail!(
                "the data folder `{}` is in use by another tollbook{}; stop it, or choose another \
                 folder with --data",
                path.display(),
                holder.describe()
            ),
        }
    }

    /// Opens the ledger to read it; a process that has it open already is asked.
    pub async fn open_to_read(path: &Path) -> anyhow::Result<DataDir> {
        if !path.is_dir() {
            bail!(
                "there is no ledger in `{}`; `tollbook up` makes one with sample data, `tollbook \
                 import PATH` with yours",
                path.display()
            );
        }
        match lock(path)? {
            Ok(lock) => DataDir::start(path, lock).await,
            Err(Holder { database: Some(endpoint), .. }) => {
                let client =
                    ledger_aws::connect::dynamodb_client(Some(&LocalEndpoint(endpoint))).await;
                let ledger = DynamoLedger { client, table: TABLE.to_owned() };
                Ok(DataDir { ledger, path: path.to_owned(), database: None, lock: None })
            }
            Err(holder) => bail!(
                "the data folder `{}` is in use by another tollbook{}; try again when it is done",
                path.display(),
                holder.describe()
            ),
        }
    }

    async fn start(path: &Path, lock: File) -> anyhow::Result<DataDir> {
        let file = path.join("ledger.db");
        let database = EmbeddedDatabase::open(Some(&file))
            .await
            .with_context(|| format!("could not open the ledger `{}`", file.display()))?;
        let client =
            ledger_aws::connect::dynamodb_client(Some(&LocalEndpoint(database.endpoint()))).await;
        let ledger = DynamoLedger { client, table: TABLE.to_owned() };
        ledger.ensure_table().await?;
        let mut dir =
            DataDir { ledger, path: path.to_owned(), database: Some(database), lock: Some(lock) };
        dir.announce(None)?;
        Ok(dir)
    }

    /// Tells other processes where this one can be asked.
    pub fn announce(&mut self, page: Option<&str>) -> anyhow::Result<()> {
        let (Some(lock), Some(database)) = (&mut self.lock, &self.database) else { return Ok(()) };
        let text = format!(
            "{}\n{}\n{}\n",
            std::process::id(),
            database.endpoint(),
            page.unwrap_or_default()
        );
        lock.set_len(0)?;
        lock.rewind()?;
        lock.write_all(text.as_bytes())?;
        lock.flush()?;
        Ok(())
    }

    /// Stops the embedded database.
    pub async fn close(mut self) {
        if let Some(database) = self.database.take()
            && let Err(err) = database.stop().await
        {
            eprintln!("tollbook: the embedded database did not stop cleanly: {err}");
        }
    }
}

/// Who has the folder.
struct Holder {
    process: Option<String>,
    database: Option<String>,
    page: Option<String>,
}

impl Holder {
    fn describe(&self) -> String {
        let process = self.process.as_ref().map(|it| format!("process {it}"));
        let page = self.page.as_ref().map(|it| format!("its page is {it}"));
        let known: Vec<String> = process.into_iter().chain(page).collect();
        if known.is_empty() { String::new() } else { format!(" ({})", known.join(", ")) }
    }
}

fn lock(path: &Path) -> anyhow::Result<Result<File, Holder>> {
    let path = path.join("lock");
    let place = || format!("could not lock `{}`", path.display());
    let mut file = OpenOptions::new()
        .create(true)
        .read(true)
        .write(true)
        .truncate(false)
        .open(&path)
        .with_context(place)?;
    match file.try_lock() {
        Ok(()) => Ok(Ok(file)),
        Err(TryLockError::WouldBlock) => {
            let mut text = String::new();
            file.read_to_string(&mut text).with_context(place)?;
            let mut lines = text.lines().map(|line| (!line.is_empty()).then(|| line.to_owned()));
            let mut next = || lines.next().flatten();
            Ok(Err(Holder { process: next(), database: next(), page: next() }))
        }
        Err(TryLockError::Error(err)) => Err(err).with_context(place),
    }
}
