package api

import (
	"net/http"
	"time"

	"github.com/parley-chat/parley/upload"
)

// File is what is known of an uploaded file.
type File struct {
	ID           string    `json:"id"`
	ChannelID    string    `json:"channelId" doc:"The channel it was uploaded to: who may read there may have it"`
	UserID       string    `json:"userId" doc:"Who uploaded it"`
	URL          string    `json:"url" doc:"Its path on this server"`
	FileName     string    `json:"fileName"`
	FileSize     uint64    `json:"fileSize"`
	Type         string    `json:"type" doc:"By its content" example:"image/png"`
	SHA256       string    `json:"sha256"`
	Width        uint64    `json:"width,omitempty" doc:"Of an image, as it is shown"`
	Height       uint64    `json:"height,omitempty"`
	ThumbnailURL string    `json:"thumbnailUrl,omitempty"`
	CreatedAt    time.Time `json:"createdAt"`
}

// FileLink is a path that needs no credentials, for a time.
type FileLink struct {
	URL       string    `json:"url"`
	ExpiresAt time.Time `json:"expiresAt"`
}

const filePath = "/v1/files/{id}"

func (a *API) fileRows(d describer) []operation {
	return under(
		"Files",
		d.row("get-file", http.MethodGet, filePath, anybody, a.getFile,
			"What is known of an uploaded file; its content is at its `url`", answer[File](http.StatusOK), query("userId"),
			about("A file is there for who may read its channel as long as a message names it, and for its uploader from the start.")),
		d.row("link-file", http.MethodPost, filePath+"/link", somebody, a.linkFile,
			"A path to a file that needs no token, for ten minutes", answer[FileLink](http.StatusOK), query("userId"),
			about("For pages: `<img src>` sends no token. The link opens what its maker may still have.")),
		d.row("delete-file", http.MethodDelete, filePath, somebody, a.deleteFile,
			"Remove a file, whatever names it: one's own, or as a moderator of its channel", query("userId")),
	)
}

func (a *API) getFile(c *call) error {
	f, err := a.options.Files.Find(c.ctx, &c.id, c.PathValue("id"))
	if err != nil {
		return err
	}
	c.appendFile(f)
	return nil
}

func (c *call) appendFile(f *upload.File) {
	c.out.Open()
	c.out.String("id", f.ID)
	c.out.String("channelId", f.Channel)
	c.out.String("userId", f.Owner)
	c.out.String("url", f.URL())
	c.out.String("fileName", f.Name)
	c.out.Uint("fileSize", uint64(f.Size))
	c.out.String("type", f.Type)
	c.out.String("sha256", f.SHA256)
	if f.Width > 0 {
		c.out.Uint("width", uint64(f.Width))
		c.out.Uint("height", uint64(f.Height))
	}
	c.out.Maybe("thumbnailUrl", f.ThumbnailURL())
	c.out.Time("createdAt", f.CreatedAt)
	c.out.Close()
}

func (a *API) linkFile(c *call) error {
	url, until, err := a.options.Files.Link(c.ctx, &c.id, c.PathValue("id"))
	if err != nil {
		return err
	}
	c.out.Open()
	c.out.String("url", url)
	c.out.Time("expiresAt", until)
	c.out.Close()
	return nil
}

func (a *API) deleteFile(c *call) error {
	return a.options.Files.Delete(c.ctx, &c.id, c.PathValue("id"))
}
