package proc_test

import (
	"os"
	"testing"
	"time"

	"github.com/parley-chat/parley/bench/proc"
)

func TestCPU_AgreesWithWhatTheKernelTellsUs(t *testing.T) {
	t.Parallel()
	for proc.Own() < 300*time.Millisecond {
	}
	cpu, err := proc.CPU(os.Getpid())
	if err != nil {
		t.Fatal(err)
	}
	if own := proc.Own(); cpu > own+50*time.Millisecond || cpu < own/2 {
		t.Errorf("CPU = %v, getrusage says %v", cpu, own)
	}
	machine, err := proc.ReadMachine()
	if err != nil || machine.Busy < cpu {
		t.Errorf("the machine was busy for %v, %v; this process for %v", machine.Busy, err, cpu)
	}
}

func TestReadMemory_SeesWhatIsTouched(t *testing.T) {
	t.Parallel()
	before, err := proc.ReadMemory(os.Getpid())
	if err != nil {
		t.Fatal(err)
	}
	const size = 64 << 20
	touched := make([]byte, size)
	for i := 0; i < len(touched); i += 4096 {
		touched[i] = 1
	}
	after, err := proc.ReadMemory(os.Getpid())
	if err != nil {
		t.Fatal(err)
	}
	if grown := after.Anonymous - before.Anonymous; grown < size/2 {
		t.Errorf("anonymous memory grew by %d of %d bytes", grown, size)
	}
	if after.RssAnon <= 0 || after.Resident < after.RssAnon {
		t.Errorf("%+v", after)
	}
	_ = touched[0]
}

func TestReadFacts_KnowsTheMachine(t *testing.T) {
	t.Parallel()
	if f := proc.ReadFacts(); f.Cores < 1 || f.Kernel == "" || f.Go == "" {
		t.Errorf("%+v", f)
	}
}
