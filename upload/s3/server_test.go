package s3_test

import (
	"bytes"
	"crypto/md5"
	"encoding/hex"
	"encoding/xml"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"
)

// bucketServer is one bucket of S3, as far as files need it. It takes nothing
// on trust: the signature of every request, of every chunk of a body that is
// signed as it streams, and the hash of every other body are computed here,
// from the documentation of Signature Version 4.
type bucketServer struct {
	t             *testing.T
	bucket        string
	access, hides string // the two keys
	region        string
	perPage       int

	mu       sync.Mutex
	objects  map[string]object
	uploads  map[string]*parts
	made     int
	seen     map[string]int // requests, by what they were
	refusals []string
}

type object struct {
	data []byte
	at   time.Time
}

type parts struct {
	key  string
	at   time.Time
	data map[int][]byte
}

func newBucketServer(t *testing.T) *bucketServer {
	return &bucketServer{
		t: t, bucket: "files", access: "AKIDEXAMPLE", hides: "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY", region: "eu-test-1", perPage: 2,
		objects: map[string]object{}, uploads: map[string]*parts{}, seen: map[string]int{},
	}
}

// fault is an answer of S3's that is none.
type fault struct {
	status int
	code   string
	why    string
}

func (f *fault) Error() string { return f.code + ": " + f.why }

func (s *bucketServer) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	err := s.serve(w, r)
	if err == nil {
		return
	}
	f, ok := errors.AsType[*fault](err)
	if !ok {
		f = &fault{http.StatusBadRequest, "InvalidRequest", err.Error()}
	}
	if f.status != http.StatusNotFound {
		s.mu.Lock()
		s.refusals = append(s.refusals, r.Method+" "+r.URL.String()+": "+f.Error())
		s.mu.Unlock()
	}
	w.Header().Set("Content-Type", "application/xml")
	w.WriteHeader(f.status)
	fmt.Fprintf(w, "<Error><Code>%s</Code><Message>%s</Message></Error>", f.code, f.why)
}

func (s *bucketServer) serve(w http.ResponseWriter, r *http.Request) error {
	body, err := s.verify(r)
	if err != nil {
		return err
	}
	bucket, key, _ := strings.Cut(strings.TrimPrefix(r.URL.Path, "/"), "/")
	if bucket != s.bucket {
		return &fault{http.StatusNotFound, "NoSuchBucket", bucket}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	query := r.URL.Query()
	operation := r.Method
	for _, name := range []string{"uploads", "uploadId", "list-type", "partNumber", "location"} {
		if query.Has(name) {
			operation += " " + name
		}
	}
	s.seen[operation]++
	switch operation {
	case "PUT":
		s.objects[key] = object{body, time.Now()}
		w.Header().Set("ETag", tag(body))
	case "GET", "HEAD":
		o, ok := s.objects[key]
		if !ok {
			return &fault{http.StatusNotFound, "NoSuchKey", key}
		}
		w.Header().Set("ETag", tag(o.data))
		w.Header().Set("Content-Type", "application/octet-stream")
		http.ServeContent(w, r, "", o.at, bytes.NewReader(o.data))
	case "DELETE":
		delete(s.objects, key)
		w.WriteHeader(http.StatusNoContent)
	case "GET list-type":
		return s.list(w, query)
	case "POST uploads", "PUT uploadId partNumber", "POST uploadId", "DELETE uploadId", "GET uploads", "GET uploadId":
		return s.multipart(w, operation, key, query, body)
	default:
		return &fault{http.StatusNotImplemented, "NotImplemented", operation}
	}
	return nil
}

func (s *bucketServer) count(what string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.seen[what]++
}

func tag(data []byte) string {
	sum := md5.Sum(data)
	return `"` + hex.EncodeToString(sum[:]) + `"`
}

// list is ListObjectsV2, a few at a time.
func (s *bucketServer) list(w http.ResponseWriter, query url.Values) error {
	type entry struct {
		Key          string
		LastModified string
		ETag         string
		Size         int
	}
	result := struct {
		XMLName               xml.Name `xml:"ListBucketResult"`
		Name, Prefix          string
		IsTruncated           bool
		NextContinuationToken string
		EncodingType          string
		Contents              []entry
	}{Name: s.bucket, Prefix: query.Get("prefix"), EncodingType: query.Get("encoding-type")}
	for _, key := range slices.Sorted(maps.Keys(s.objects)) {
		if !strings.HasPrefix(key, query.Get("prefix")) || key <= query.Get("continuation-token") {
			continue
		}
		if len(result.Contents) == s.perPage {
			result.IsTruncated = true
			result.NextContinuationToken = result.Contents[s.perPage-1].Key
			break
		}
		o := s.objects[key]
		result.Contents = append(result.Contents, entry{key, o.at.UTC().Format("2006-01-02T15:04:05.000Z"), tag(o.data), len(o.data)})
	}
	return xml.NewEncoder(w).Encode(result)
}

func (s *bucketServer) multipart(w http.ResponseWriter, operation, key string, query url.Values, body []byte) error {
	if operation == "POST uploads" {
		s.made++
		id := fmt.Sprintf("upload-%d", s.made)
		s.uploads[id] = &parts{key, time.Now(), map[int][]byte{}}
		fmt.Fprintf(w, "<InitiateMultipartUploadResult><Bucket>%s</Bucket><Key>%s</Key><UploadId>%s</UploadId></InitiateMultipartUploadResult>", s.bucket, key, id)
		return nil
	}
	if operation == "GET uploads" {
		fmt.Fprintf(w, "<ListMultipartUploadsResult><Bucket>%s</Bucket>", s.bucket)
		for id, u := range s.uploads {
			fmt.Fprintf(w, "<Upload><Key>%s</Key><UploadId>%s</UploadId><Initiated>%s</Initiated></Upload>", u.key, id, u.at.UTC().Format(time.RFC3339))
		}
		fmt.Fprint(w, "</ListMultipartUploadsResult>")
		return nil
	}
	id := query.Get("uploadId")
	u := s.uploads[id]
	if u == nil || u.key != key {
		return &fault{http.StatusNotFound, "NoSuchUpload", id}
	}
	switch operation {
	case "PUT uploadId partNumber":
		n, err := strconv.Atoi(query.Get("partNumber"))
		if err != nil || n < 1 || n > 10_000 {
			return &fault{http.StatusBadRequest, "InvalidArgument", "partNumber"}
		}
		u.data[n] = body
		w.Header().Set("ETag", tag(body))
	case "DELETE uploadId":
		delete(s.uploads, id)
		w.WriteHeader(http.StatusNoContent)
	case "GET uploadId":
		fmt.Fprintf(w, "<ListPartsResult><Bucket>%s</Bucket><Key>%s</Key><UploadId>%s</UploadId></ListPartsResult>", s.bucket, key, id)
	case "POST uploadId":
		return s.completeUpload(w, id, u, body)
	}
	return nil
}

// completeUpload puts the parts together that the request lists.
func (s *bucketServer) completeUpload(w http.ResponseWriter, id string, u *parts, body []byte) error {
	var said struct {
		Part []struct {
			PartNumber int
			ETag       string
		}
	}
	if err := xml.Unmarshal(body, &said); err != nil {
		return &fault{http.StatusBadRequest, "MalformedXML", err.Error()}
	}
	var all []byte
	for i, p := range said.Part {
		data, ok := u.data[p.PartNumber]
		switch {
		case !ok, strings.Trim(p.ETag, `"`) != strings.Trim(tag(data), `"`):
			return &fault{http.StatusBadRequest, "InvalidPart", strconv.Itoa(p.PartNumber)}
		case i > 0 && p.PartNumber <= said.Part[i-1].PartNumber:
			return &fault{http.StatusBadRequest, "InvalidPartOrder", strconv.Itoa(p.PartNumber)}
		case i < len(said.Part)-1 && len(data) < 5<<20:
			return &fault{http.StatusBadRequest, "EntityTooSmall", strconv.Itoa(p.PartNumber)}
		}
		all = append(all, data...)
	}
	if len(said.Part) == 0 {
		return &fault{http.StatusBadRequest, "MalformedXML", "no parts"}
	}
	s.objects[u.key] = object{all, time.Now()}
	delete(s.uploads, id)
	fmt.Fprintf(w, "<CompleteMultipartUploadResult><Bucket>%s</Bucket><Key>%s</Key><ETag>%s-%d</ETag></CompleteMultipartUploadResult>", s.bucket, u.key, strings.Trim(tag(all), `"`), len(said.Part))
	return nil
}
