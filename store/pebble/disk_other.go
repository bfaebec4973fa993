//go:build !linux

package pebble

import "github.com/cockroachdb/pebble/v2/vfs"

// disk is the machine's file system.
type disk struct{ vfs.FS }
