//! Where the ledger is: a folder with the embedded one, which has one writer at a time, or a table
//! in an AWS account.

use std::fs::{File, OpenOptions, TryLockError};
use std::io::{ErrorKind, Read, Seek, Write};
use std::path::{Path, PathBuf};

use anyhow::{Context, bail};
use ledger_aws::connect::LocalEndpoint;
use ledger_aws::dynamodb::DynamoLedger;
use ledger_local::database::EmbeddedDatabase;
use tempfile::TempDir;

/// The name of the embedded table.
const TABLE: &str = "tollbook";

/// The file of the embedded database in its folder.
const DATABASE: &str = "ledger.db";

/// Where the ledger is.
#[derive(Clone, Debug)]
pub enum Place {
    /// The embedded ledger in a folder.
    Folder(PathBuf),
    /// A table of the account and region that the environment names.
    Table(String),
}

impl Place {
    /// Opens the ledger to change it: a folder for this process alone.
    pub async fn open(&self) -> anyhow::Result<OpenLedger> {
        match self {
            Place::Folder(path) => OpenLedger::of_folder(path).await,
            Place::Table(name) => Ok(OpenLedger::of_table(name).await),
        }
    }

    /// The file of the embedded ledger, unless a table is meant.
    pub fn database_file(&self) -> Option<PathBuf> {
        match self {
            Place::Folder(path) => Some(path.join(DATABASE)),
            Place::Table(_) => None,
        }
    }

    /// Whether there is a ledger to read; a table is asked when it is opened.
    pub fn is_made(&self) -> bool {
        self.database_file().is_none_or(|file| file.exists())
    }

    /// The note of an answer that would say more with a ledger.
    pub fn without_ledger(&self) -> String {
        match self {
            Place::Folder(path) => {
                format!(
                    "there is no ledger in `{}`: the file was checked by itself",
                    path.display()
                )
            }
            Place::Table(name) => format!("the table `{name}` was not read"),
        }
    }

    /// Opens the ledger to read it; a process that has the folder open already is asked.
    pub async fn open_to_read(&self) -> anyhow::Result<OpenLedger> {
        match self {
            Place::Folder(path) => OpenLedger::of_folder_to_read(path).await,
            Place::Table(name) => Ok(OpenLedger::of_table(name).await),
        }
    }
}

/// An open ledger.
pub struct OpenLedger {
    /// The ledger.
    pub ledger: DynamoLedger,
    database: Option<EmbeddedDatabase>,
    /// Held until this process ends, however it ends.
    lock: Option<File>,
    /// The copy of a ledger that may only be read.
    _copy: Option<TempDir>,
}

impl OpenLedger {
    async fn of_table(name: &str) -> OpenLedger {
        let client = ledger_aws::connect::dynamodb_client(None).await;
        let ledger = DynamoLedger { client, table: name.to_owned() };
        OpenLedger { ledger, database: None, lock: None, _copy: None }
    }

    /// Opens the ledger of a folder for this process alone.
    pub async fn of_folder(path: &Path) -> anyhow::Result<OpenLedger> {
        make_private_folder(path)?;
        match lock(path)? {
            Ok(lock) => OpenLedger::start(path, Some(lock)).await,
            Err(holder) => bail!(
                "the data folder `{}` is in use by another tollbook{}; stop it, or choose another \
                 folder with --data",
                path.display(),
                holder.describe()
            ),
        }
    }

    async fn of_folder_to_read(path: &Path) -> anyhow::Result<OpenLedger> {
        if !path.is_dir() {
            bail!(
                "there is no ledger in `{}`; `tollbook up` makes one with sample data, `tollbook \
                 import PATH` with yours",
                path.display()
            );
        }
        if is_read_only(path) {
            return OpenLedger::of_copy(path).await;
        }
        match lock(path)? {
            Ok(lock) => OpenLedger::start(path, Some(lock)).await,
            Err(Holder { database: Some(endpoint), .. }) => {
                let client =
                    ledger_aws::connect::dynamodb_client(Some(&LocalEndpoint(endpoint))).await;
                let ledger = DynamoLedger { client, table: TABLE.to_owned() };
                Ok(OpenLedger { ledger, database: None, lock: None, _copy: None })
            }
            Err(holder) => bail!(
                "the data folder `{}` is in use by another tollbook{}; try again when it is done",
                path.display(),
                holder.describe()
            ),
        }
    }

    /// Opens a copy of the ledger in a folder that this process may not write to: the embedded
    /// database writes files of its own even to read.
    async fn of_copy(path: &Path) -> anyhow::Result<OpenLedger> {
        use std::os::unix::fs::PermissionsExt as _;
        let _lock = lock_to_copy(path)?;
        let private = std::fs::Permissions::from_mode(0o700);
        let copy = tempfile::Builder::new().prefix("tollbook-").permissions(private).tempdir()?;
        // The second file holds writes that are not in the first yet.
        for name in [DATABASE, "ledger.db-wal"] {
            let (from, to) = (path.join(name), copy.path().join(name));
            if from.exists() {
                let bytes = std::fs::copy(&from, &to);
                bytes.with_context(|| format!("could not read `{}`", from.display()))?;
                make_private(&to)?;
            }
        }
        let opened = OpenLedger::start(copy.path(), None).await?;
        Ok(OpenLedger { _copy: Some(copy), ..opened })
    }

    async fn start(path: &Path, lock: Option<File>) -> anyhow::Result<OpenLedger> {
        let file = path.join(DATABASE);
        // The database makes its other files with the permissions of this one.
        private_file()
            .open(&file)
            .with_context(|| format!("could not open the ledger `{}`", file.display()))?;
        let database = EmbeddedDatabase::open(Some(&file))
            .await
            .with_context(|| format!("could not open the ledger `{}`", file.display()))?;
        let client =
            ledger_aws::connect::dynamodb_client(Some(&LocalEndpoint(database.endpoint()))).await;
        let ledger = DynamoLedger { client, table: TABLE.to_owned() };
        ledger.ensure_table().await?;
        let mut opened = OpenLedger { ledger, database: Some(database), lock, _copy: None };
        opened.announce(None)?;
        Ok(opened)
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

/// Makes a folder that only its owner may enter: what a company spends, and on whom, is in it. One
/// that is there is used as it is.
pub fn make_private_folder(path: &Path) -> anyhow::Result<()> {
    use std::os::unix::fs::DirBuilderExt as _;
    std::fs::DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(path)
        .with_context(|| format!("could not make the data folder `{}`", path.display()))
}

/// Whether this process may read a folder and not write to it.
fn is_read_only(path: &Path) -> bool {
    let opened = private_file().open(path.join("lock"));
    opened.is_err_and(|err| {
        matches!(err.kind(), ErrorKind::PermissionDenied | ErrorKind::ReadOnlyFilesystem)
    })
}

/// Keeps writers away while the ledger is copied, where the folder has a lock.
fn lock_to_copy(path: &Path) -> anyhow::Result<Option<File>> {
    let Ok(file) = File::open(path.join("lock")) else { return Ok(None) };
    match file.try_lock_shared() {
        Ok(()) => Ok(Some(file)),
        Err(TryLockError::WouldBlock) => bail!(
            "the data folder `{}` is in use by another tollbook; try again when it is done",
            path.display()
        ),
        Err(TryLockError::Error(err)) => {
            Err(err).with_context(|| format!("could not lock `{}`", path.display()))
        }
    }
}

/// Lets the owner alone read and write a file.
fn make_private(path: &Path) -> anyhow::Result<()> {
    use std::os::unix::fs::PermissionsExt as _;
    let permissions = std::fs::Permissions::from_mode(0o600);
    std::fs::set_permissions(path, permissions)
        .with_context(|| format!("could not write `{}`", path.display()))
}

/// Options for a file that only its owner may read, whatever the folder allows.
fn private_file() -> OpenOptions {
    use std::os::unix::fs::OpenOptionsExt as _;
    let mut options = OpenOptions::new();
    options.create(true).read(true).write(true).truncate(false).mode(0o600);
    options
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
    // The secret of the embedded database is written into it.
    let mut file = private_file().open(&path).with_context(place)?;
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
