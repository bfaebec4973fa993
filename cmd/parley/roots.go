package main

// Mozilla's root certificates, for a system that has none, such as an image made
// FROM scratch: push services, linked pages, buckets, key sets and collectors are
// asked by https. Where the system has any, those alone count.
import _ "golang.org/x/crypto/x509roots/fallback"
