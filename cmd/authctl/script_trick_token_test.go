package main

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"strconv"
	"strings"
	"time"
)

// resign is an id_token with other claims, another header, or another's signature.
func (s *storyIDP) resign(token string, set map[string]string) string {
	parts := strings.Split(token, ".")
	if len(parts) != 3 {
		return token
	}
	text, _ := base64.RawURLEncoding.DecodeString(parts[1])
	claims := map[string]json.RawMessage{}
	_ = json.Unmarshal(text, &claims)
	header := map[string]string{"alg": "ES256", "kid": "story", "typ": "JWT"}
	key := s.key
	for name, value := range set {
		if claim, ok := strings.CutPrefix(name, "claim."); ok {
			setClaim(claims, claim, value)
		}
		if member, ok := strings.CutPrefix(name, "jws."); ok && member != "key" {
			header[member] = value
		}
	}
	if set["jws.key"] == "other" {
		key, _ = ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	}
	body, _ := json.Marshal(claims)
	head, _ := json.Marshal(header)
	return seal(key, header["alg"], encode(head)+"."+encode(body))
}

func setClaim(claims map[string]json.RawMessage, name, value string) {
	if offset, ok := strings.CutPrefix(value, "now"); ok {
		seconds, _ := strconv.Atoi(offset)
		value = strconv.FormatInt(time.Now().Unix()+int64(seconds), 10)
	}
	if claims[name] = json.RawMessage(value); value == "" {
		delete(claims, name)
	} else if !json.Valid(claims[name]) {
		claims[name], _ = json.Marshal(value)
	}
}

// seal signs as the header says: with none not at all, with HS256 by the public key, which everybody has.
func seal(key *ecdsa.PrivateKey, alg, input string) string {
	switch alg {
	case "none":
		return input + "."
	case "HS256":
		public, _ := key.PublicKey.Bytes()
		mac := hmac.New(sha256.New, public)
		_, _ = mac.Write([]byte(input))
		return input + "." + encode(mac.Sum(nil))
	}
	sum := sha256.Sum256([]byte(input))
	r, v, _ := ecdsa.Sign(rand.Reader, key, sum[:])
	signature := make([]byte, 64)
	r.FillBytes(signature[:32])
	v.FillBytes(signature[32:])
	return input + "." + encode(signature)
}
