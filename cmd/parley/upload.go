package main

import (
	"context"
	"errors"
	"fmt"
	"math"
	"net/http"
	"net/url"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/parley-chat/parley/api"
	"github.com/parley-chat/parley/auth"
	"github.com/parley-chat/parley/chat"
	"github.com/parley-chat/parley/reserve"
	"github.com/parley-chat/parley/upload"
	"github.com/parley-chat/parley/upload/disk"
	"github.com/parley-chat/parley/upload/s3"
)

// What stands in the folder of files.
const (
	filesName = "files" // the folder itself, in a data folder
	blobsName = "blobs" // the contents
	spoolName = "spool" // what is being received
)

// spoolReserve is how much of the disk uploads leave free: twice what the
// store keeps for itself, which must not run out while it writes.
const spoolReserve = 512 << 20

// Uploads are the settings of files.
type Uploads struct {
	UploadDir          string        `name:"upload-dir" placeholder:"DIR" help:"The folder of uploaded files, for this server alone. Default: files in --data."`
	UploadS3           string        `name:"upload-s3" env:"PARLEY_UPLOAD_S3" placeholder:"URL" help:"Keep their contents in a bucket: https://HOST/BUCKET, or https://HOST/BUCKET/PREFIX?region=REGION. Default: on this disk."`
	UploadS3AccessKey  string        `name:"upload-s3-access-key" env:"PARLEY_UPLOAD_S3_ACCESS_KEY" secret:"" placeholder:"KEY" help:"The bucket's access key."`
	UploadS3SecretKey  string        `name:"upload-s3-secret-key" env:"PARLEY_UPLOAD_S3_SECRET_KEY" secret:"" placeholder:"KEY" help:"The bucket's secret key."`
	UploadMaxSize      byteSize      `name:"upload-max-size" default:"100MiB" placeholder:"SIZE" help:"How large a file may be. Default: 100MiB."`
	UploadTypes        []string      `name:"upload-types" placeholder:"TYPE" help:"The types of files that are taken, by their content: image/png, image/*; repeatable. Default: all."`
	UploadQuota        byteSize      `name:"upload-quota" default:"0" placeholder:"SIZE" help:"What one user's files may take; 0: any amount. Default: 0."`
	UploadProjectQuota byteSize      `name:"upload-project-quota" default:"0" placeholder:"SIZE" help:"What one project's files may take; 0: any amount. Default: 0."`
	UploadUnused       time.Duration `name:"upload-unused" default:"24h" placeholder:"DURATION" help:"How long a file is kept that no message names. Default: 24h."`
	UploadUnfinished   time.Duration `name:"upload-unfinished" default:"24h" placeholder:"DURATION" help:"How long an upload in pieces is kept to which nothing comes. Default: 24h."`
}

// checkUploads refuses settings that contradict each other.
func (u *Uploads) checkUploads() error {
	if _, err := u.bucket(); err != nil {
		return fmt.Errorf("--upload-s3: %w", err)
	}
	for _, t := range u.UploadTypes {
		if err := upload.CheckType(t); err != nil {
			return fmt.Errorf("--upload-types: %s", chat.AsError(err).Message)
		}
	}
	if u.UploadUnused < 0 {
		return fmt.Errorf("--upload-unused is not negative")
	}
	if u.UploadUnfinished < 0 {
		return fmt.Errorf("--upload-unfinished is not negative")
	}
	return nil
}

// bucket is where contents are kept; nil: on the disk.
func (u *Uploads) bucket() (*s3.Options, error) {
	if u.UploadS3 == "" {
		if u.UploadS3AccessKey != "" || u.UploadS3SecretKey != "" {
			return nil, errors.New("there are keys, and no bucket")
		}
		return nil, nil
	}
	at, err := url.Parse(u.UploadS3)
	if err != nil {
		return nil, errors.New("this is no URL") // its own error would show what it holds
	}
	bucket, prefix, _ := strings.Cut(strings.Trim(at.Path, "/"), "/")
	switch {
	case at.Scheme != "http" && at.Scheme != "https", at.Host == "", bucket == "", at.User != nil:
		return nil, errors.New("it reads https://HOST/BUCKET, the keys being settings of their own")
	case u.UploadS3AccessKey == "", u.UploadS3SecretKey == "":
		return nil, errors.New("it takes --upload-s3-access-key and --upload-s3-secret-key, better by PARLEY_UPLOAD_S3_SECRET_KEY_FILE")
	}
	if prefix != "" {
		prefix += "/"
	}
	return &s3.Options{
		Endpoint: at.Host, Bucket: bucket, Prefix: prefix, Region: at.Query().Get("region"), Plain: at.Scheme == "http",
		AccessKey: u.UploadS3AccessKey, SecretKey: u.UploadS3SecretKey,
	}, nil
}

// filesDir is where files are kept of a server whose data folder is data.
func (u *Uploads) filesDir(data string) string {
	if u.UploadDir != "" {
		return u.UploadDir
	}
	return filepath.Join(data, filesName)
}

// uploading makes the service of files.
func (s *server) uploading(ctx context.Context, c *Serve, keys *auth.Service) error {
	blobs, err := s.openBlobs(&c.Uploads, c.Data)
	if err != nil {
		return err
	}
	spool := filepath.Join(c.filesDir(c.Data), spoolName)
	s.uploads, err = upload.New(ctx, upload.Options{
		Store: s.store, Blobs: blobs, Spool: spool,
		Identify: func(r *http.Request) (chat.Identity, error) {
			id, err := keys.FromRequest(r)
			if err == nil {
				err = actFor(&id, r.URL.Query().Get("userId"))
			}
			return id, err
		},
		Permit: s.hub.Permit, Refuse: api.Refuse,
		MaxSize: int64(c.UploadMaxSize), Types: c.UploadTypes,
		UserQuota: int64(c.UploadQuota), ProjectQuota: int64(c.UploadProjectQuota),
		Unused: c.UploadUnused, Unfinished: c.UploadUnfinished, Foreign: len(c.Origin) > 0,
		Room:   reserve.Of(vfs.Default, spool, spoolReserve, 4, time.Now).Check,
		Logger: s.log,
	})
	return err
}

func (s *server) openBlobs(u *Uploads, data string) (upload.Blobs, error) {
	o, err := u.bucket()
	if err != nil {
		return nil, fmt.Errorf("--upload-s3: %w", err)
	}
	if o != nil {
		return s3.New(*o)
	}
	folder, err := disk.Open(filepath.Join(u.filesDir(data), blobsName))
	if err != nil {
		return nil, err
	}
	s.folder = folder
	return folder, nil
}

// endUploads ends the service of files; requests have ended.
func (s *server) endUploads() error {
	var errs []error
	if s.uploads != nil {
		errs = append(errs, s.uploads.Close())
	}
	if s.folder != nil {
		errs = append(errs, s.folder.Close())
	}
	return errors.Join(errs...)
}

// actFor is for server keys, which act as the user whom they name; nobody else
// may name another than oneself.
func actFor(id *chat.Identity, user string) error {
	if user == "" || user == id.User {
		return nil
	}
	if !id.Server {
		return chat.E(chat.CodeForeignSender, "the token is not of user %q", user)
	}
	id.User = user
	return chat.CheckUserID(user)
}

// byteSize is a number of bytes, as people write it: 100MiB, 5GiB, 4096.
type byteSize int64

var byteUnits = []struct {
	name  string
	bytes int64
}{{"GiB", 1 << 30}, {"MiB", 1 << 20}, {"KiB", 1 << 10}}

// UnmarshalText implements encoding.TextUnmarshaler.
func (b *byteSize) UnmarshalText(text []byte) error {
	number, unit := string(text), int64(1)
	for _, u := range byteUnits {
		if rest, ok := strings.CutSuffix(number, u.name); ok {
			number, unit = rest, u.bytes
			break
		}
	}
	n, err := strconv.ParseInt(number, 10, 64)
	if err != nil || n < 0 || n > math.MaxInt64/unit {
		return fmt.Errorf("%q is no size: 4096, 100MiB, 5GiB", text)
	}
	*b = byteSize(n * unit)
	return nil
}

// MarshalText implements encoding.TextMarshaler.
func (b byteSize) MarshalText() ([]byte, error) {
	for _, u := range byteUnits {
		if b > 0 && int64(b)%u.bytes == 0 {
			return fmt.Appendf(nil, "%d%s", int64(b)/u.bytes, u.name), nil
		}
	}
	return strconv.AppendInt(nil, int64(b), 10), nil
}
