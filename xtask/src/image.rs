//! `cargo xtask image`: the last stage of the Dockerfile, made by buildah of the binary that `cargo xtask dist` builds. The stages
//! before it need an image of Rust; this needs none, because the last one begins with nothing. Two archives hold the same image: one
//! in the format of OCI, which has no health checks, and one in Docker's, for `docker load`.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use serde_json::{Value, json};

use crate::{
    dist::{self, Platform, output},
    failure::Failure,
    process, tools,
};

const IMAGES: &str = "target/dist/images";
/// The most bytes that the published image may have, compressed.
const LARGEST: u64 = 15_000_000;

/// An image, made anew.
pub struct Image {
    /// How Docker would run it: the member `config` of its configuration.
    pub config: Value,
    /// How the Dockerfile says that it is run.
    pub wanted: Value,
    /// What a container of it sees as `/`.
    pub root: PathBuf,
    pub bytes: u64,
}

pub fn run(arguments: &[String]) -> Result<(), Failure> {
    if !arguments.is_empty() {
        return Err(Failure::Usage(format!("`image` takes nothing, not `{}`", arguments.join(" "))));
    }
    let image = make("dist")?;
    println!("{IMAGES}: {} bytes compressed", image.bytes);
    if image.bytes > LARGEST {
        return Err(Failure::Unexpected(format!("the image has {} bytes, more than {LARGEST}", image.bytes)));
    }
    Ok(())
}

pub fn make(profile: &str) -> Result<Image, Failure> {
    tools::packages(&[tools::BUILDAH])?;
    let (platform, version) = (Platform::here()?, dist::version()?);
    let Some(architecture) = platform.debian else {
        return Err(Failure::Missing { what: "Linux".to_owned(), help: "images are made on Linux".to_owned() });
    };
    let binary = dist::build(platform, profile)?;
    let folder = std::path::absolute(IMAGES).map_err(Failure::io("find the folder of images"))?;
    dist::fresh(&folder)?;
    let (context, layout, root) = (folder.join("context"), folder.join("layout"), folder.join("root"));
    dist::copy(&binary, &context.join("seatrial.bin"))?;
    let stage = last_stage(&fs::read_to_string("Dockerfile").map_err(Failure::io("read Dockerfile"))?);
    dist::write(&folder.join("Containerfile"), &for_buildah(&stage))?;

    let buildah = || {
        let mut buildah = Command::new("buildah");
        buildah.arg("--root").arg(folder.join("storage")).arg("--runroot").arg(folder.join("run"));
        buildah.args(["--storage-driver", "vfs"]);
        buildah
    };
    // Nothing in it tells when it was made.
    let mut build = buildah();
    build.args(["build", "--quiet", "--format", "docker", "--timestamp", "0", "--tag", "seatrial", "--build-arg"]);
    build.arg(format!("VERSION={version}")).arg("--file").arg(folder.join("Containerfile")).arg(&context);
    output(&mut build)?;
    let name = format!("seatrial-{version}-linux-{architecture}");
    let docker = folder.join(format!("{name}.docker.tar"));
    for target in [
        format!("oci:{}:seatrial:{version}", layout.display()),
        format!("oci-archive:{}:seatrial:{version}", folder.join(format!("{name}.oci.tar")).display()),
        format!("docker-archive:{}:seatrial:{version}", docker.display()),
    ] {
        output(buildah().args(["push", "--quiet", "seatrial", &target]))?;
    }
    output(Command::new("gzip").args(["-9", "--no-name"]).arg(&docker))?;
    let config = parse(&output(buildah().args(["inspect", "--type", "image", "seatrial"]))?)?["Docker"]["config"].take();

    let blob = |descriptor: &Value| {
        let digest = descriptor["digest"].as_str().and_then(|digest| digest.strip_prefix("sha256:")).unwrap_or_default();
        layout.join("blobs/sha256").join(digest)
    };
    let read = |path: PathBuf| fs::read_to_string(&path).map_err(Failure::io(format!("read {}", path.display())));
    let manifest = parse(&read(blob(&parse(&read(layout.join("index.json"))?)?["manifests"][0]))?)?;
    let layers = manifest["layers"].as_array().cloned().unwrap_or_default();
    fs::create_dir_all(&root).map_err(Failure::io("create the root folder of the image"))?;
    for layer in &layers {
        output(Command::new("tar").arg("-xzf").arg(blob(layer)).arg("-C").arg(&root))?;
    }
    let bytes = layers.iter().filter_map(|layer| layer["size"].as_u64()).sum();
    Ok(Image { config, wanted: wanted(&stage, &version), root, bytes })
}

/// The instructions of the Dockerfile's last stage, one a line.
fn last_stage(dockerfile: &str) -> String {
    let lines = dockerfile.lines().filter(|line| !line.starts_with('#')).collect::<Vec<_>>().join("\n").replace("\\\n", " ");
    lines.rsplit_once("\nFROM ").map_or(String::new(), |(_, stage)| format!("FROM {stage}\n"))
}

/// The same with the binary from the context. Debian's buildah does not know how to look more often in the beginning.
fn for_buildah(stage: &str) -> String {
    stage.replace("--from=build /seatrial.bin", "seatrial.bin").replace(" --start-interval=200ms", "")
}

/// The configuration that a stage's instructions make, in Docker's words.
fn wanted(stage: &str, version: &str) -> Value {
    let mut config = json!({"Env": [], "ExposedPorts": {}, "Labels": {}});
    for (instruction, rest) in stage.lines().filter_map(|line| line.split_once(' ')) {
        let rest = rest.trim().replace("$VERSION", version);
        match instruction {
            "USER" => config["User"] = json!(rest),
            "EXPOSE" => config["ExposedPorts"][format!("{rest}/tcp")] = json!({}),
            "ENV" => config["Env"] = json!([rest]),
            "ENTRYPOINT" => config["Entrypoint"] = serde_json::from_str(&rest).unwrap_or_default(),
            "LABEL" => {
                // `name="text" name="text"`
                for (name, text) in rest.split("\" ").filter_map(|pair| pair.trim().split_once("=\"")) {
                    config["Labels"][name] = json!(text.trim_end_matches('"'));
                }
            }
            "HEALTHCHECK" => {
                let (flags, command) = rest.split_once("CMD").unwrap_or_default();
                let command: Vec<String> = serde_json::from_str(command.trim()).unwrap_or_default();
                let test: Vec<String> = ["CMD".to_owned()].into_iter().chain(command).collect();
                let seconds =
                    |flag: &str| flags.split_once(&format!("--{flag}=")).and_then(|(_, rest)| rest.split_once('s')?.0.parse().ok());
                let nanoseconds = |flag: &str| seconds(flag).map(|seconds: u64| seconds * 1_000_000_000);
                config["Healthcheck"] = json!({
                    "Test": test,
                    "Interval": nanoseconds("interval"), "Timeout": nanoseconds("timeout"), "StartPeriod": nanoseconds("start-period"),
                });
            }
            _ => {}
        }
    }
    config
}

fn parse(text: &str) -> Result<Value, Failure> {
    serde_json::from_str(text).map_err(|error| Failure::Unexpected(format!("not JSON ({error}): {text}")))
}

/// A command in a container of the image, as far as the kernel alone provides one: nothing but the image as `/`, and that read-only,
/// and the image's user. It sees the network and the processes of this machine.
pub fn contained(image: &Image) -> Command {
    let mut command = Command::new("unshare");
    let script =
        "mount --bind \"$0\" \"$0\" && mount -o remount,ro,bind \"$0\" && exec chroot --userspec=\"$1\" \"$0\" /seatrial \"${@:2}\"";
    command.args(["--mount", "bash", "-c", script]).arg(&image.root);
    command.arg(image.config["User"].as_str().unwrap_or_default());
    process::forget_cargo(&mut command);
    command
}

/// Whether this machine lets a command have mounts of its own.
pub fn can_contain(image: &Image) -> bool {
    output(Command::new("unshare").args(["--mount", "mount", "--bind"]).arg(&image.root).arg(&image.root)).is_ok()
}

/// What a folder holds, by names below it.
pub fn names(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    entries.map(|entry| entry.file_name().to_string_lossy().into_owned()).collect()
}

#[cfg(test)]
mod tests {
    use super::{for_buildah, last_stage, wanted};

    const DOCKERFILE: &str = include_str!("../../Dockerfile");

    #[test]
    fn the_image_begins_with_nothing_and_copies_the_binary() {
        let stage = for_buildah(&last_stage(DOCKERFILE));
        assert!(stage.starts_with("FROM scratch\n"), "{stage}");
        assert!(stage.contains("\nCOPY seatrial.bin /seatrial\n"), "{stage}");
        assert!(!stage.contains("--from") && !stage.contains("start-interval"), "{stage}");
    }

    #[test]
    fn the_configuration_is_read_from_the_dockerfile() {
        let config = wanted(&last_stage(DOCKERFILE), "1.2.3");
        assert_eq!(config["User"], "65532:65532");
        assert_eq!(config["Entrypoint"][0], "/seatrial");
        assert_eq!(config["Healthcheck"]["Test"], serde_json::json!(["CMD", "/seatrial", "health"]));
        assert_eq!(config["Healthcheck"]["Interval"], 10_000_000_000_u64);
        assert_eq!(config["Labels"]["org.opencontainers.image.version"], "1.2.3");
        assert_eq!(config["Labels"]["org.opencontainers.image.licenses"], "MIT OR Apache-2.0");
    }
}
