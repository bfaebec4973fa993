// Package proc reads from /proc what a run has used: processor time and memory
// of one process, and of the whole machine.
package proc

import (
	"bufio"
	"bytes"
	"fmt"
	"os"
	"runtime"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

// The kernel's USER_HZ, which is 100 on every architecture that Go runs on.
const tick = 10 * time.Millisecond

// CPU is the processor time that process pid has used, user and system, in
// steps of 10 ms.
func CPU(pid int) (time.Duration, error) {
	b, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/stat")
	if err != nil {
		return 0, fmt.Errorf("processor time: %w", err)
	}
	// The second field is the command in parentheses, and may hold anything.
	fields := strings.Fields(string(b[bytes.LastIndexByte(b, ')')+1:]))
	if len(fields) < 13 {
		return 0, fmt.Errorf("processor time of %d: %d fields", pid, len(fields))
	}
	var total time.Duration
	for _, field := range fields[11:13] { // utime, stime: fields 14 and 15 of proc(5)
		n, err := strconv.ParseInt(field, 10, 64)
		if err != nil {
			return 0, fmt.Errorf("processor time of %d: %w", pid, err)
		}
		total += time.Duration(n) * tick
	}
	return total, nil
}

// Own is the processor time that this process has used.
func Own() time.Duration {
	var u unix.Rusage
	if err := unix.Getrusage(unix.RUSAGE_SELF, &u); err != nil {
		return 0
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// Machine is the time of all processors since the machine started.
type Machine struct {
	Busy  time.Duration // anything but idling and waiting for disks
	Stole time.Duration // taken by the machine's host
}

// ReadMachine reads /proc/stat.
func ReadMachine() (Machine, error) {
	b, err := os.ReadFile("/proc/stat")
	if err != nil {
		return Machine{}, fmt.Errorf("machine's time: %w", err)
	}
	line, _, _ := strings.Cut(string(b), "\n")
	fields := strings.Fields(line)
	if len(fields) < 9 {
		return Machine{}, fmt.Errorf("machine's time: %q", line)
	}
	at := func(i int) time.Duration {
		n, _ := strconv.ParseInt(fields[i], 10, 64)
		return time.Duration(n) * tick
	}
	// cpu user nice system idle iowait irq softirq steal
	return Machine{Busy: at(1) + at(2) + at(3) + at(6) + at(7), Stole: at(8)}, nil
}

// Memory is a process's memory in bytes.
type Memory struct {
	Anonymous int64 // of smaps_rollup: what the process itself has dirtied
	RssAnon   int64 // of status: the same by the kernel's counters
	Resident  int64
}

// ReadMemory reads the memory of process pid.
func ReadMemory(pid int) (Memory, error) {
	dir := "/proc/" + strconv.Itoa(pid)
	rollup, err := sizes(dir + "/smaps_rollup")
	if err != nil {
		return Memory{}, err
	}
	status, err := sizes(dir + "/status")
	if err != nil {
		return Memory{}, err
	}
	return Memory{Anonymous: rollup["Anonymous"], RssAnon: status["RssAnon"], Resident: status["VmRSS"]}, nil
}

func sizes(path string) (map[string]int64, error) {
	b, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("memory: %w", err)
	}
	out := map[string]int64{}
	for line := range strings.Lines(string(b)) {
		name, value, _ := strings.Cut(line, ":")
		if n, unit, ok := strings.Cut(strings.TrimSpace(value), " "); ok && unit == "kB" {
			kib, err := strconv.ParseInt(n, 10, 64)
			if err != nil {
				return nil, fmt.Errorf("%s: %w", path, err)
			}
			out[name] = kib << 10
		}
	}
	return out, nil
}

// Facts describe the machine.
type Facts struct {
	CPU, Kernel, Go string
	Cores           int
}

// ReadFacts reads what can be read; the rest stays empty.
func ReadFacts() Facts {
	f := Facts{Go: runtime.Version(), Cores: runtime.NumCPU()}
	var u unix.Utsname
	if unix.Uname(&u) == nil {
		f.Kernel = unix.ByteSliceToString(u.Sysname[:]) + " " + unix.ByteSliceToString(u.Release[:])
	}
	b, err := os.ReadFile("/proc/cpuinfo")
	if err != nil {
		return f
	}
	lines := bufio.NewScanner(bytes.NewReader(b))
	for lines.Scan() {
		if name, value, ok := strings.Cut(lines.Text(), ":"); ok && strings.TrimSpace(name) == "model name" {
			f.CPU = strings.TrimSpace(value)
			break
		}
	}
	return f
}
