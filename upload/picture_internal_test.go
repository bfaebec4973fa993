package upload

import (
	"bytes"
	"errors"
	"image"
	"image/png"
	"testing"
	"testing/synctest"
)

// A queue of images that are made to cost much must not hold up everybody's.
func TestLook_GoesWithoutAThumbnailWhereOthersTakeTooLong(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		spools, err := openSpools(t.TempDir())
		if err != nil {
			t.Fatal(err)
		}
		s := &Service{options: Options{}.withDefaults(), spools: spools, drawing: make(chan struct{}, 1)}
		s.drawing <- struct{}{} // somebody's, for ever
		sp, err := s.newSpool()
		if err != nil {
			t.Fatal(err)
		}
		var content bytes.Buffer
		if err := errors.Join(png.Encode(&content, image.NewGray(image.Rect(0, 0, 40, 30))), sp.append(&content)); err != nil {
			t.Fatal(err)
		}
		p, err := s.look(t.Context(), "image/png", sp)
		if err != nil || p.width != 40 || p.height != 30 || p.thumbnail != nil {
			t.Errorf("%+v, %v", p, err)
		}
		if err := errors.Join(sp.drop(), spools.Close()); err != nil {
			t.Error(err)
		}
	})
}
