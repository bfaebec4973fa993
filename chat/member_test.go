package chat_test

import (
	"context"
	"slices"
	"sync/atomic"
	"testing"
	"testing/synctest"

	"github.com/parley-chat/parley/chat"
)

// slowMembers is a store that reads one user's standing and then, the first
// time, takes its time to say so.
type slowMembers struct {
	chat.Store
	user    string
	asked   atomic.Int64
	release chan struct{}
}

func (s *slowMembers) Member(ctx context.Context, ch chat.ChannelID, user string) (*chat.Member, error) {
	m, err := s.Store.Member(ctx, ch, user)
	if user == s.user && s.asked.Add(1) == 1 {
		<-s.release
	}
	return m, err
}

func TestMember_AStandingThatIsReadSlowlyHoldsNobodyUpAndIsNotTakenForTheNewOne(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		store := &slowMembers{Store: openStore(t), user: "ada", release: make(chan struct{})}
		h := newHub(t, chat.Options{Store: store})
		server := chat.Identity{Project: chat.DefaultProject, Server: true}
		if _, err := h.PutMember(t.Context(), &server, "general", chat.Member{User: "ben", Role: chat.Ordinary}); err != nil {
			t.Fatal(err) // of a channel without any member no standing is read
		}
		ben := connect(t, h, as("ben"))
		ben.must(chat.Subscribe{Channel: "general"})
		ada := connect(t, h, as("ada"))
		asked := make(chan struct{})
		go func() {
			defer close(asked)
			ada.session.Do(t.Context(), chat.Request{Command: chat.Subscribe{Channel: "general"}})
		}()
		synctest.Wait() // her standing was read: none
		ben.must(post("general", "meanwhile", ""))
		ben.events(1)
		if _, err := h.PutMember(t.Context(), &server, "general", chat.Member{User: "ada", Banned: true}); err != nil {
			t.Fatal(err)
		}
		close(store.release)
		<-asked
		synctest.Wait()
		refused := slices.ContainsFunc(ada.all(), func(g *chat.Delivery) bool {
			return g.Reply != nil && g.Reply.Err != nil && g.Reply.Err.Code == chat.CodeBanned
		})
		if !refused {
			t.Error("banned, ada has her subscription")
		}
	})
}

// askedMembers counts the standings that are read.
type askedMembers struct {
	chat.Store
	asked atomic.Int64
}

func (s *askedMembers) Member(ctx context.Context, ch chat.ChannelID, user string) (*chat.Member, error) {
	s.asked.Add(1)
	return s.Store.Member(ctx, ch, user)
}

func TestMember_WhereNobodyIsOneNoStandingIsRead(t *testing.T) {
	t.Parallel()
	store := &askedMembers{Store: openStore(t)}
	h := newHub(t, chat.Options{Store: store})
	ada, ben := connect(t, h, as("ada")), connect(t, h, as("ben"))
	ada.must(post("general", "x", ""))
	ben.must(post("general", "x", ""))
	if n := store.asked.Load(); n != 0 {
		t.Errorf("%d standings were read", n)
	}
	server := chat.Identity{Project: chat.DefaultProject, Server: true}
	if _, err := h.PutMember(t.Context(), &server, "general", chat.Member{User: "ben", Muted: true}); err != nil {
		t.Fatal(err)
	}
	ben.refused(post("general", "x", ""), chat.CodeMuted)
	dm := chat.DirectName("ada", "ben")
	ada.must(post(dm, "x", ""))
	if _, err := h.PutMember(t.Context(), &server, dm, chat.Member{User: "ben", Muted: true}); err != nil {
		t.Fatal(err)
	}
	ben.refused(post(dm, "x", ""), chat.CodeMuted)
}

func TestDelete_TakesEverythingOfTheEditsToo(t *testing.T) {
	t.Parallel()
	h := newHub(t, chat.Options{})
	ada := connect(t, h, as("ada"))
	ada.must(chat.Subscribe{Channel: "general"})
	m := ada.must(chat.Post{Channel: "general", Body: []byte(`"secret"`), Meta: []byte(`{"secret":1}`), Mentions: []string{"ben"}}).Committed.Event
	ada.must(chat.Edit{Channel: "general", ID: m.ID, Body: []byte(`"secret two"`)})
	ada.events(2)
	ada.must(chat.Delete{Channel: "general", ID: m.ID})
	ben := connect(t, h, as("ben"))
	ben.must(chat.Subscribe{Channel: "general", From: &chat.Position{Epoch: h.Epoch()}})
	for _, e := range ben.events(3) {
		if e.Body != nil || e.Meta != nil || e.Mentions != nil {
			t.Errorf("seq %d still has %s, %s and %v", e.Seq, e.Body, e.Meta, e.Mentions)
		}
	}
}

// Whoever makes a channel becomes its owner: not who may manage all, and changes
// one that others have made by using it since it was opened here.
func TestPutChannel_OfOneThatWasMadeByItsUseIsNoMaking(t *testing.T) {
	t.Parallel()
	h := newHub(t, chat.Options{})
	ada := connect(t, h, as("ada"))
	ada.must(chat.Subscribe{Channel: "general"})
	m := ada.must(post("general", "x", "")).Committed.Event
	ben := as("ben")
	ben.Scopes = everything
	c, err := h.PutChannel(t.Context(), &ben, chat.Channel{ID: m.Channel, Kind: chat.Open, Title: "General"})
	if err != nil || !c.CreatedAt.Equal(m.At) {
		t.Errorf("the channel is %+v, %v; made at %v", c, err, m.At)
	}
	server := chat.Identity{Project: chat.DefaultProject, Server: true}
	if got, err := h.Member(t.Context(), &server, "general", "ben"); chat.CodeOf(err) != chat.CodeNotFound {
		t.Errorf("ben is %+v, %v", got, err)
	}
}
