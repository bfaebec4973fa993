// Package journal keeps records on a disk, each durable before Append returns.
//
// Records are numbered from 1, without gaps, and stand in segments: files named
// after the number of their first record. A segment is filled with zeros ahead
// of what is written, or is an older one used again, so that a sync has the
// data alone to write: where a file grows with each write, a file system has
// to write its size too, and with a journal of its own commits that.
//
// What a reader can rely on: one record at most is cut short, the last of all,
// which nobody was told of. A gap, a record that stands behind what cannot be
// read, and a journal that ends too soon are damage, and said to be.
//
// A segment begins with a header of 32 bytes, and each record with one of 16;
// numbers are little-endian, sums are CRC-32C, and records are padded to
// multiples of 8 bytes.
//
//	segment: magic[8] first[8] salt[8] sum[4] zero[4]
//	record:  sum[4] length[4] number[8] data
//
// A record's sum is over the segment's salt, a random number, and what follows
// the sum, so that nothing an older use of the file has left is taken for one.
package journal
