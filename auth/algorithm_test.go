package auth

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"testing"

	"github.com/go-jose/go-jose/v4"
	"github.com/go-jose/go-jose/v4/jwt"

	"github.com/parley-chat/parley/chat"
)

func TestIdentify_RefusesNone(t *testing.T) {
	t.Parallel()
	claims, err := json.Marshal(good())
	if err != nil {
		t.Fatal(err)
	}
	for _, alg := range []string{"none", "None", "NONE", "nOnE", ""} {
		header := base64.RawURLEncoding.EncodeToString([]byte(`{"alg":"` + alg + `","typ":"JWT"}`))
		refuses(t, header+"."+base64.RawURLEncoding.EncodeToString(claims)+".", chat.CodeUnauthorized)
	}
}

func TestIdentify_RefusesOtherAlgorithms(t *testing.T) {
	t.Parallel()
	long := []byte(tokenSecret) // enough for each: only the list of algorithms refuses
	refuses(t, forge(t, jose.HS384, long, good()), chat.CodeUnauthorized)
	refuses(t, forge(t, jose.HS512, long, good()), chat.CodeUnauthorized)
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	refuses(t, forge(t, jose.RS256, key, good()), chat.CodeUnauthorized)
	refuses(t, forge(t, jose.HS256, x509.MarshalPKCS1PublicKey(&key.PublicKey), good()), chat.CodeUnauthorized)
	curve, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	refuses(t, forge(t, jose.ES256, curve, good()), chat.CodeUnauthorized)
}

// The public key of an issuer is no secret: whoever has it must not be able to
// sign with it as if it were one.
func TestIssuer_HSWithItsPublicKeyIsRefused(t *testing.T) {
	t.Parallel()
	key := signerOf(t, jose.RS256, "k1")
	s := trusting(t, Issuer{Issuer: foreign, Keys: key.set(t)})
	der, err := x509.MarshalPKIXPublicKey(key.public)
	if err != nil {
		t.Fatal(err)
	}
	public, ok := key.public.(*rsa.PublicKey)
	if !ok {
		t.Fatal("no RSA key")
	}
	for _, secret := range [][]byte{
		der,
		x509.MarshalPKCS1PublicKey(public),
		pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der}),
		public.N.Bytes(),
		key.set(t),
	} {
		wants(t, s, key.signAs(t, jose.HS256, secret, theirs("", "")), chat.CodeUnauthorized)
		wants(t, s, key.signAs(t, jose.HS256, secret, good()), chat.CodeUnauthorized)
	}
	wants(t, s, key.sign(t, theirs("", "")), "")
}

func TestIssuer_AlgorithmsThatAreNotOnTheListAreRefused(t *testing.T) {
	t.Parallel()
	key, other := newSigner(t, "k1"), signerOf(t, jose.EdDSA, "k2")
	s := trusting(t, Issuer{Issuer: foreign, Keys: key.set(t, other), Algorithms: []string{"EdDSA"}})
	wants(t, s, key.sign(t, theirs("", "")), chat.CodeUnauthorized)
	wants(t, s, other.sign(t, theirs("", "")), "")
}

func TestIssuer_AKeyVerifiesItsOwnAlgorithmAlone(t *testing.T) {
	t.Parallel()
	key := signerOf(t, jose.RS256, "k1")
	marked := key.jwk()
	marked.Algorithm = "RS512"
	data, err := json.Marshal(jose.JSONWebKeySet{Keys: []jose.JSONWebKey{marked}})
	if err != nil {
		t.Fatal(err)
	}
	s := trusting(t, Issuer{Issuer: foreign, Keys: data})
	wants(t, s, key.sign(t, theirs("", "")), chat.CodeUnauthorized)
	open := trusting(t, Issuer{Issuer: foreign, Keys: key.set(t)})
	for _, alg := range []jose.SignatureAlgorithm{jose.RS384, jose.RS512, jose.PS256} {
		wants(t, open, key.signAs(t, alg, key.private, theirs("", "")), chat.CodeUnauthorized)
	}
}

func TestIssuer_NoneIsRefused(t *testing.T) {
	t.Parallel()
	s := trusting(t, Issuer{Issuer: foreign, Keys: newSigner(t, "k1").set(t)})
	claims, err := json.Marshal(theirs("", ""))
	if err != nil {
		t.Fatal(err)
	}
	for _, header := range []string{`{"alg":"none"}`, `{"alg":"none","kid":"k1"}`, `{"kid":"k1"}`, `{"alg":["ES256"]}`} {
		token := base64.RawURLEncoding.EncodeToString([]byte(header)) + "." + base64.RawURLEncoding.EncodeToString(claims) + "."
		wants(t, s, token, chat.CodeUnauthorized)
	}
}

// A token may bring a key along (RFC 7515 section 4.1.3): it vouches for nothing.
func TestIssuer_AKeyInTheTokenIsNotBelieved(t *testing.T) {
	t.Parallel()
	s := trusting(t, Issuer{Issuer: foreign, Keys: newSigner(t, "k1").set(t)})
	evil := newSigner(t, "k1")
	made, err := jose.NewSigner(jose.SigningKey{Algorithm: jose.ES256, Key: jose.JSONWebKey{Key: evil.private, KeyID: "k1"}}, &jose.SignerOptions{EmbedJWK: true})
	if err != nil {
		t.Fatal(err)
	}
	token, err := jwt.Signed(made).Claims(theirs("", "")).Serialize()
	if err != nil {
		t.Fatal(err)
	}
	wants(t, s, token, chat.CodeUnauthorized)
}
