//! Arguments of `seatrial view`.

use std::path::PathBuf;

use clap::Args;

use super::{VendorArguments, addresses, host_name};
use crate::server::Addresses;

#[derive(Args, Debug)]
pub struct ViewArguments {
    /// The file, which `seatrial sandbox export --include journal,log` printed
    #[arg(value_name = "FILE")]
    pub file: PathBuf,
    /// Address of the page; port 0 picks a free port
    #[arg(long, env = "SEATRIAL_VIEW_LISTEN", value_name = "ADDRESS", default_value = "127.0.0.1:0", value_parser = addresses)]
    pub listen: Addresses,
    /// Token that the page asks for unless it is on loopback; one is made unless told
    #[arg(long, env = "SEATRIAL_ADMIN_TOKEN", value_name = "TOKEN", hide_env_values = true)]
    pub admin_token: Option<String>,
    /// Host name of this machine besides loopback ones. Repeatable
    #[arg(long, env = "SEATRIAL_ALLOW_HOST", value_name = "NAME", value_delimiter = ',', value_parser = host_name)]
    pub allow_host: Vec<String>,
    #[command(flatten)]
    pub vendors: VendorArguments,
}
