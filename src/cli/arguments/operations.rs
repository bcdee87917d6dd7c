//! The arguments of `seatrial operations`.

use clap::{Args, ValueEnum};

use super::VendorArguments;

#[derive(Args, Debug)]
pub struct OperationsArguments {
    /// A vendor, such as `shippo` or `shipstation_v2`; or an operation by its whole name, such as `shippo.CreateShipment`
    #[arg(value_name = "VENDOR")]
    pub of: Option<String>,
    /// An operation of that vendor, which is shown whole
    #[arg(value_name = "OPERATION")]
    pub operation: Option<String>,
    /// How it is printed
    #[arg(long, env = "SEATRIAL_OPERATIONS_FORMAT", value_name = "FORMAT", default_value = "text")]
    pub format: OperationsFormat,
    #[command(flatten)]
    pub vendors: VendorArguments,
}

/// How `operations` prints.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum OperationsFormat {
    /// For people
    Text,
    /// As the admin API answers it
    Json,
}
