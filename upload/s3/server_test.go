package s3_test

import (
	"bufio"
	"bytes"
	"cmp"
	"crypto/hmac"
	"crypto/md5"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"encoding/hex"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
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

// The fixed words of Signature Version 4.
const (
	algorithm       = "AWS4-HMAC-SHA256"
	chunkAlgorithm  = "AWS4-HMAC-SHA256-PAYLOAD"
	streamedPayload = "STREAMING-AWS4-HMAC-SHA256-PAYLOAD"
	unsignedPayload = "UNSIGNED-PAYLOAD"
	amzTime         = "20060102T150405Z"
)

func hmacOf(key []byte, text string) []byte {
	mac := hmac.New(sha256.New, key)
	mac.Write([]byte(text))
	return mac.Sum(nil)
}

func hashOf(data []byte) string {
	sum := sha256.Sum256(data)
	return hex.EncodeToString(sum[:])
}

// signer makes signatures of one day, region and secret.
type signer struct {
	key         []byte
	date, scope string
}

func (s signer) sign(parts ...string) string {
	return hex.EncodeToString(hmacOf(s.key, strings.Join(parts, "\n")))
}

func refused(why string) error {
	return &fault{http.StatusForbidden, "SignatureDoesNotMatch", why}
}

// verify is the body of a request that bears out what its signature says.
func (s *bucketServer) verify(r *http.Request) ([]byte, error) {
	header := r.Header.Get("Authorization")
	rest, ok := strings.CutPrefix(header, algorithm+" ")
	if !ok {
		return nil, &fault{http.StatusForbidden, "AccessDenied", "no signature"}
	}
	fields := map[string]string{}
	for field := range strings.SplitSeq(rest, ",") {
		name, value, _ := strings.Cut(strings.TrimSpace(field), "=")
		fields[name] = value
	}
	date := r.Header.Get("X-Amz-Date")
	at, err := time.Parse(amzTime, date)
	if err != nil || time.Since(at).Abs() > 15*time.Minute {
		return nil, &fault{http.StatusForbidden, "RequestTimeTooSkewed", date}
	}
	scope := at.Format("20060102") + "/" + s.region + "/s3/aws4_request"
	if fields["Credential"] != s.access+"/"+scope {
		return nil, &fault{http.StatusForbidden, "InvalidAccessKeyId", fields["Credential"]}
	}
	key := hmacOf(hmacOf(hmacOf(hmacOf([]byte("AWS4"+s.hides), at.Format("20060102")), s.region), "s3"), "aws4_request")
	by := signer{key, date, scope}
	signed := strings.Split(fields["SignedHeaders"], ";")
	payload := r.Header.Get("X-Amz-Content-Sha256")
	canonical, err := canonicalHeaders(r, signed)
	if err != nil {
		return nil, err
	}
	request := strings.Join([]string{
		r.Method, r.URL.EscapedPath(), strings.ReplaceAll(r.URL.Query().Encode(), "+", "%20"), canonical, fields["SignedHeaders"], payload,
	}, "\n")
	want := by.sign(algorithm, date, scope, hashOf([]byte(request)))
	if subtle.ConstantTimeCompare([]byte(want), []byte(fields["Signature"])) != 1 {
		return nil, refused("the request's")
	}
	return s.body(r, by, payload, want)
}

func canonicalHeaders(r *http.Request, signed []string) (string, error) {
	for _, must := range []string{"host", "x-amz-date", "x-amz-content-sha256"} {
		if !slices.Contains(signed, must) {
			return "", refused(must + " is not signed")
		}
	}
	for name := range r.Header {
		if lower := strings.ToLower(name); strings.HasPrefix(lower, "x-amz-") && !slices.Contains(signed, lower) {
			return "", refused(lower + " is not signed")
		}
	}
	if !slices.IsSorted(signed) {
		return "", refused("the headers are not in order")
	}
	var text strings.Builder
	for _, name := range signed {
		value := strings.Join(r.Header.Values(name), ",")
		switch name {
		case "host":
			value = r.Host
		case "content-length":
			value = strconv.FormatInt(r.ContentLength, 10)
		}
		fmt.Fprintf(&text, "%s:%s\n", name, strings.Join(strings.Fields(value), " "))
	}
	return text.String(), nil
}

// body reads a payload that is what was said of it.
func (s *bucketServer) body(r *http.Request, by signer, payload, seed string) ([]byte, error) {
	if payload == streamedPayload {
		s.count("streamed")
		return readChunks(r, by, seed)
	}
	data, err := io.ReadAll(r.Body)
	if err != nil {
		return nil, err
	}
	switch {
	case payload == unsignedPayload:
		// Only over TLS, which keeps bodies from being changed on the way.
		if r.TLS == nil && len(data) > 0 {
			return nil, refused("a body without a signature over plain HTTP")
		}
		s.count("unsigned")
	case payload != hashOf(data):
		return nil, &fault{http.StatusBadRequest, "XAmzContentSHA256Mismatch", payload}
	}
	if sent := r.Header.Get("Content-Md5"); sent != "" {
		sum := md5.Sum(data)
		if sent != base64.StdEncoding.EncodeToString(sum[:]) {
			return nil, &fault{http.StatusBadRequest, "BadDigest", sent}
		}
	}
	return data, nil
}

func (s *bucketServer) count(what string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.seen[what]++
}

// readChunks reads a body each of whose chunks is signed, the first after the
// request, each further one after the one before it.
func readChunks(r *http.Request, by signer, previous string) ([]byte, error) {
	in := bufio.NewReader(r.Body)
	var all []byte
	for {
		line, err := in.ReadString('\n')
		if err != nil {
			return nil, &fault{http.StatusBadRequest, "IncompleteBody", "a chunk is missing"}
		}
		length, signature, ok := strings.Cut(strings.TrimSuffix(line, "\r\n"), ";chunk-signature=")
		n, err := strconv.ParseInt(length, 16, 32)
		if !ok || err != nil {
			return nil, &fault{http.StatusBadRequest, "InvalidRequest", "a chunk's head: " + line}
		}
		data := make([]byte, n)
		end := make([]byte, 2)
		if _, err := io.ReadFull(in, data); err != nil {
			return nil, &fault{http.StatusBadRequest, "IncompleteBody", "a chunk is short"}
		}
		if _, err := io.ReadFull(in, end); err != nil || string(end) != "\r\n" {
			return nil, &fault{http.StatusBadRequest, "IncompleteBody", "a chunk has no end"}
		}
		want := by.sign(chunkAlgorithm, by.date, by.scope, previous, hashOf(nil), hashOf(data))
		if subtle.ConstantTimeCompare([]byte(want), []byte(signature)) != 1 {
			return nil, refused("a chunk's")
		}
		previous = signature
		if n == 0 {
			break
		}
		all = append(all, data...)
	}
	if said := r.Header.Get("X-Amz-Decoded-Content-Length"); cmp.Compare(said, strconv.Itoa(len(all))) != 0 {
		return nil, &fault{http.StatusBadRequest, "IncompleteBody", said}
	}
	return all, nil
}
