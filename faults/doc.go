// Package faults holds the real server, as a process with files of its own,
// against everything that can happen to one: kill -9, kills at each sync,
// power cuts, failing and full disks, pauses, slow readers and the return of
// everybody at once. What its clients saw is checked by internal/history.
//
// The tests need Linux, root, loop devices and, on the path, strace (strace),
// mkfs.ext4 (e2fsprogs), mkfs.xfs and xfs_io (xfsprogs), mount and umount. They
// fail where something is missing: a fault that was not made shows nothing.
//
// PARLEY_FAULTS=release runs the counts that a release asks for in place of
// the ones that every change is tested with; see counts_test.go. A history
// with a violation is left in a folder that the test names.
package faults
