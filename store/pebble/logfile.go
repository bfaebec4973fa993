package pebble

import "github.com/cockroachdb/pebble/v2/vfs"

// zeroAhead is how far a log is filled with zeros before what is written.
const zeroAhead = 1 << 20

// logFile is a log of Pebble's that is written over zeros, or over what an
// older log left. A sync then writes the data alone: where the file grows with
// each write, a file system has to write its size too, which on ext4 is a
// second block to wait for, and with a journal a commit of that. Reading ends
// at the zeros, as it ends at an older log's records.
//
// Only Pebble's log writer writes, on one goroutine at a time.
type logFile struct {
	fencedFile
	ahead  int64
	at     int64 // what was written ends here
	filled int64 // the file ends here
}

func newLogFile(f fencedFile, ahead int64) *logFile {
	l := &logFile{fencedFile: f, ahead: ahead}
	if info, err := f.File.Stat(); err == nil {
		l.filled = info.Size()
	}
	return l
}

func (l *logFile) Write(p []byte) (int, error) {
	if end := l.at + int64(len(p)); end > l.filled {
		l.fill(end)
	}
	n, err := l.fencedFile.Write(p)
	l.at += int64(n)
	return n, err
}

// fill writes zeros behind end. Where it cannot, the file grows with what is
// written: whether there is room for that, the write itself finds out.
func (l *logFile) fill(end int64) {
	l.filled = end
	if l.fence.check() != nil {
		return
	}
	zeros := make([]byte, min(l.ahead, 64<<10))
	for to := end + l.ahead; l.filled < to; {
		n, err := l.File.WriteAt(zeros[:min(int64(len(zeros)), to-l.filled)], l.filled)
		l.filled += int64(n)
		if err != nil {
			return
		}
	}
}

var _ vfs.File = (*logFile)(nil)
