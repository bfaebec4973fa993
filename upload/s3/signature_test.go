package s3_test

import (
	"bufio"
	"cmp"
	"crypto/hmac"
	"crypto/md5"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"
)

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
