package chat_test

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"unicode/utf16"

	"github.com/google/go-cmp/cmp"

	"github.com/parley-chat/parley/chat"
)

const fileOne, fileTwo = "ABCDEFGHIJKLMNOPQRSTUVWXYZ", "2345672345672345672345672A"

func TestFilesIn_FindsPathsWhereverTheyStand(t *testing.T) {
	t.Parallel()
	for body, want := range map[string][]string{
		`{"type":"file","url":"/files/` + fileOne + `","fileName":"a.png"}`: {fileOne},
		`"see /files/` + fileOne + ` and /files/` + fileTwo + `"`:           {fileOne, fileTwo},
		`["/files/` + fileTwo + `","/files/` + fileTwo + `"]`:               {fileTwo},
		`"https:\/\/example.org\/files\/` + fileOne + `?download=1"`:        {fileOne},
		`"\u002ffiles\u002F` + fileOne + `"`:                                {fileOne},
		`"\u002f\u0066iles/\u0041` + fileOne[1:] + `\n"`:                    {fileOne},
		`"\n\"\\/files\/` + fileOne + `"`:                                   {fileOne},
		`"/files\\u002f` + fileOne + `"`:                                    nil,
		`"/files\\/` + fileOne + `"`:                                        nil,
		`"/files\u012f` + fileOne + `"`:                                     nil,
		`"/files/files/` + fileOne + `"`:                                    {fileOne},
		`"/files/` + fileOne + `/thumbnail"`:                                {fileOne},
		`"/files/` + strings.ToLower(fileOne) + `"`:                         nil,
		`"/files/` + fileOne[1:] + `"`:                                      nil,
		`"/file/` + fileOne + `"`:                                           nil,
		`"/files` + fileOne + `"`:                                           nil,
		`"/files//` + fileOne + `"`:                                         nil,
		`"/files/0` + fileOne[1:] + `"`:                                     nil,
		`"/files/"`:                                                         nil,
		``:                                                                  nil,
	} {
		if diff := cmp.Diff(want, chat.FilesIn([]byte(body))); diff != "" {
			t.Errorf("%s:\n%s", body, diff)
		}
	}
}

// FuzzFilesIn holds it against what it is for: a path in a text is found,
// however a JSON encoder writes the text.
func FuzzFilesIn(f *testing.F) {
	f.Add("see ", " there", fileOne)
	f.Add("/files/", "/files", fileTwo)
	f.Add(`\/files\`, `"`, fileOne)
	f.Add("", "", "x")
	f.Fuzz(func(t *testing.T, before, after, id string) {
		path := "/files/" + id
		plain, err := json.Marshal(before + path + after)
		if err != nil {
			t.Fatal(err)
		}
		encoded := [][]byte{
			plain, []byte(strings.ReplaceAll(string(plain), "/", `\/`)), []byte(strings.ReplaceAll(string(plain), "/", `\u002f`)),
			[]byte(`"` + hex(before+path+after) + `"`),
		}
		for _, body := range append(encoded, []byte(before+path+after)) {
			found := chat.FilesIn(body)
			for i, name := range found {
				if len(name) != len(fileOne) || slices.Contains(found[:i], name) || strings.Trim(name, "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567") != "" {
					t.Errorf("%q: found %q", body, found)
				}
			}
		}
		if len(id) == len(fileOne) && strings.Trim(id, "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567") == "" {
			for _, body := range encoded {
				if !slices.Contains(chat.FilesIn(body), id) {
					t.Errorf("%q: %s is not found", body, id)
				}
			}
		}
	})
}

// hex is a text every character of which is escaped, as JSON may.
func hex(text string) string {
	var out strings.Builder
	for _, unit := range utf16.Encode([]rune(text)) {
		fmt.Fprintf(&out, `\u%04X`, unit)
	}
	return out.String()
}
