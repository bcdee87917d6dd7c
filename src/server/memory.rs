//! How much memory the process may take: what its control group allows, or what the machine has. The budgets that nobody set follow
//! from it, so that they can be used up on the machine that they are for.

use std::fs;
use std::path::{Component, Path};

/// What is assumed where no limit can be read.
const ASSUMED: usize = 4 << 30;

/// The budgets of bytes that nobody set. All of them together, and half as much again, are less than the memory they follow from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Budgets {
    /// For the data of all sandboxes.
    pub total: usize,
    /// For the journals of all sandboxes.
    pub journals: usize,
    /// For the request bodies under way, and as much again for answers.
    pub in_flight: usize,
}

impl Budgets {
    /// The budgets for a process that may take so many bytes of memory.
    #[must_use]
    pub fn of(memory: usize) -> Self {
        let part = memory / 16;
        Self { total: (6 * part).min(8 << 30), journals: part.min(256 << 20), in_flight: part.min(256 << 20) }
    }
}

impl Default for Budgets {
    /// Those for the memory that this process may take.
    fn default() -> Self {
        Self::of(available().unwrap_or(ASSUMED))
    }
}

/// The bytes of memory that this process may take; `None` where nothing says so.
#[must_use]
pub fn available() -> Option<usize> {
    smallest_limit(Path::new("/"))
}

/// The smallest of the limits that are found below a root of the file system.
fn smallest_limit(root: &Path) -> Option<usize> {
    let groups = fs::read_to_string(root.join("proc/self/cgroup")).unwrap_or_default();
    let groups = groups.lines().filter_map(|line| group_limit(root, line));
    groups.chain(machine(root)).min()
}

/// The memory of the machine.
fn machine(root: &Path) -> Option<usize> {
    let text = fs::read_to_string(root.join("proc/meminfo")).ok()?;
    let kibibytes = text.lines().find_map(|line| line.strip_prefix("MemTotal:")?.trim().strip_suffix(" kB"))?;
    kibibytes.parse::<usize>().ok()?.checked_mul(1024)
}

/// The smallest limit of a control group, such as `0::/a/b` or `4:memory:/a/b`, and of those that it is part of. In a container the
/// path is often one of the host, which is not there; its own group is then the root of what is mounted.
fn group_limit(root: &Path, line: &str) -> Option<usize> {
    let (_, line) = line.split_once(':')?;
    let (controllers, path) = line.split_once(':')?;
    let (mount, file) = match controllers {
        "" => ("sys/fs/cgroup", "memory.max"),
        _ if controllers.split(',').any(|name| name == "memory") => ("sys/fs/cgroup/memory", "memory.limit_in_bytes"),
        _ => return None,
    };
    let mut folder = root.join(mount);
    let limit = |folder: &Path| fs::read_to_string(folder.join(file)).ok()?.trim().parse::<usize>().ok();
    let mut smallest = limit(&folder);
    for part in Path::new(path).components() {
        if let Component::Normal(name) = part {
            folder.push(name);
            smallest = smallest.into_iter().chain(limit(&folder)).min();
        }
    }
    smallest
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The limit that is found in these files.
    fn check(name: &str, files: &[(&str, &str)], expected: Option<usize>) {
        let root = std::env::temp_dir().join(format!("seatrial-memory-{}-{name}", std::process::id()));
        for (path, text) in files {
            let path = root.join(path);
            fs::create_dir_all(path.parent().expect("files are in folders")).expect("the folder can be made");
            fs::write(path, text).expect("the file can be written");
        }
        let found = smallest_limit(&root);
        let _ = fs::remove_dir_all(&root);
        assert_eq!(found, expected, "{name}");
    }

    #[test]
    fn the_smallest_limit_counts() {
        let machine = ("proc/meminfo", "MemFree: 1 kB\nMemTotal:        2048 kB\n");
        check("nothing", &[], None);
        check("machine", &[machine], Some(2 << 20));
        check("container", &[machine, ("proc/self/cgroup", "0::/\n"), ("sys/fs/cgroup/memory.max", "1000\n")], Some(1000));
        check("unlimited", &[machine, ("proc/self/cgroup", "0::/\n"), ("sys/fs/cgroup/memory.max", "max\n")], Some(2 << 20));
        let nested = [("sys/fs/cgroup/a/memory.max", "700\n"), ("sys/fs/cgroup/a/b/memory.max", "max\n")];
        check("nested", &[&[machine, ("proc/self/cgroup", "0::/a/b\n")], &nested[..]].concat(), Some(700));
        let first = ("proc/self/cgroup", "5:cpu:/x\n4:memory,other:/x/y\n0::/\n");
        let unlimited = ("sys/fs/cgroup/memory/x/memory.limit_in_bytes", "9223372036854771712\n");
        check("first version", &[machine, first, unlimited], Some(2 << 20));
        check("of the host", &[machine, first, ("sys/fs/cgroup/memory/memory.limit_in_bytes", "900\n")], Some(900));
        check("above", &[("proc/self/cgroup", "0::/../../x\n"), ("sys/fs/cgroup/x/memory.max", "5"), ("memory.max", "1")], Some(5));
    }

    #[test]
    fn budgets_leave_room_for_what_they_do_not_count() {
        for memory in [64 << 20, 512 << 20, 4 << 30, 24 << 30] {
            let Budgets { total, journals, in_flight } = Budgets::of(memory);
            let all = total + journals + 2 * in_flight;
            assert!(all + all / 2 < memory, "{memory}");
        }
        assert_eq!(Budgets::of(64 << 30), Budgets { total: 8 << 30, journals: 256 << 20, in_flight: 256 << 20 });
    }
}
