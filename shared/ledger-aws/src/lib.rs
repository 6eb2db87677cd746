pub mod connect;
pub mod dynamodb;
pub mod sns;
