package preview

import (
	"cmp"
	"compress/gzip"
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"net/url"

	"golang.org/x/net/html/charset"
)

// Bounds on what is asked.
const (
	maxRedirects = 4
	maxPage      = 512 << 10 // bytes, as they come and as they are unpacked, each
	maxPicture   = 2 << 20
	side         = 160      // pixels: pictures fit into a square of it
	maxDrawn     = 32 << 10 // bytes of a picture that is passed on
)

// redirect is http.Client's CheckRedirect: each is a link of its own.
func (s *Service) redirect(next *http.Request, before []*http.Request) error {
	if len(before) > maxRedirects {
		return errRedirects
	}
	next.Header.Del("Referer") // says where the link was followed from
	_, err := s.address(next.URL.String())
	return err
}

// fetch asks a page, and for its picture.
func (s *Service) fetch(ctx context.Context, at *url.URL) (*Preview, error) {
	p, picture, err := s.page(ctx, at)
	if err != nil {
		return nil, err
	}
	if picture != nil && s.options.Draw != nil {
		if p.Image, err = s.picture(ctx, picture); err != nil {
			s.options.Logger.DebugContext(ctx, "a page has no picture", "err", err)
		}
	}
	return p, nil
}

// page is what a page says of itself, and where its picture is, if it has one.
func (s *Service) page(ctx context.Context, at *url.URL) (*Preview, *url.URL, error) {
	ctx, cancel := context.WithTimeout(ctx, s.options.Within)
	defer cancel()
	resp, err := s.get(ctx, at, "text/html")
	if err != nil {
		return nil, nil, err
	}
	defer resp.Body.Close()
	kind := resp.Header.Get("Content-Type")
	if media, _, err := mime.ParseMediaType(kind); err != nil || media != "text/html" {
		return nil, nil, fmt.Errorf("a page of the type %q", kind)
	}
	body, err := unpacked(resp, maxPage)
	if err != nil {
		return nil, nil, err
	}
	text, err := charset.NewReader(body, kind)
	if err != nil {
		return nil, nil, err
	}
	said := read(text)
	p := &Preview{URL: at.String(), Title: said.title(), Description: said.description(), Site: said.site()}
	if p.Title == "" && p.Description == "" {
		return nil, nil, errors.New("a page that says nothing")
	}
	final := resp.Request.URL
	p.Site = cmp.Or(p.Site, clean(final.Hostname(), maxSite))
	p.Title = cmp.Or(p.Title, p.Site)
	return p, s.beside(final, said.image()), nil
}

// beside is a link in a page; nil: it is none, or none that is followed.
func (s *Service) beside(page *url.URL, link string) *url.URL {
	if link == "" {
		return nil
	}
	at, err := page.Parse(link)
	if err != nil {
		return nil
	}
	if at, err = s.address(at.String()); err != nil {
		return nil
	}
	return at
}

// picture is a small image as a data: URL, of nothing but its pixels.
func (s *Service) picture(ctx context.Context, at *url.URL) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, s.options.Within)
	defer cancel()
	resp, err := s.get(ctx, at, "image/*")
	if err != nil {
		return "", err
	}
	defer resp.Body.Close()
	body, err := unpacked(resp, maxPicture+1)
	if err != nil {
		return "", err
	}
	content, err := io.ReadAll(body)
	if err != nil || len(content) > maxPicture {
		return "", errors.Join(err, errors.New("too large"))
	}
	kind, small, err := s.options.Draw(ctx, content, side)
	if err != nil || len(small) > maxDrawn {
		return "", errors.Join(err, errors.New("no picture, or one that stays large"))
	}
	return "data:" + kind + ";base64," + base64.StdEncoding.EncodeToString(small), nil
}

// get asks for what is at a link. Nothing in the request says for whom.
func (s *Service) get(ctx context.Context, at *url.URL, accept string) (*http.Response, error) {
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, at.String(), http.NoBody)
	if err != nil {
		return nil, err
	}
	r.Header.Set("User-Agent", s.options.Agent)
	r.Header.Set("Accept", accept)
	r.Header.Set("Accept-Encoding", "gzip") // said here, it is unpacked here, within bounds
	resp, err := s.client.Do(r)
	if err != nil {
		return nil, err
	}
	if resp.StatusCode != http.StatusOK {
		return nil, errors.Join(fmt.Errorf("status %d", resp.StatusCode), resp.Body.Close())
	}
	return resp, nil
}

// unpacked is the first bytes of a body. What lies packed is bounded too: a
// stream may unpack to nothing for ever.
func unpacked(resp *http.Response, most int64) (io.Reader, error) {
	body := io.LimitReader(resp.Body, most)
	switch coding := resp.Header.Get("Content-Encoding"); coding {
	case "", "identity":
		return body, nil
	case "gzip", "x-gzip":
		unzipped, err := gzip.NewReader(body)
		if err != nil {
			return nil, err
		}
		return io.LimitReader(unzipped, most), nil
	default:
		return nil, fmt.Errorf("packed by %q", coding)
	}
}
