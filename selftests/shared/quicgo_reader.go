// SPDX-License-Identifier: GPL-2.0-only

// Gets a file with quic-go, and reads what h3second sends.
//
// usage: quicgo_reader URL FILE STREAMS
//
// It leaves when the file and that many of h3second's streams are there. JSON tells of
// these: how many, their bytes, and how many of the bytes are not what h3second writes
// (selftests/h3/second/content.h).
package main

import (
	"crypto/tls"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"strconv"

	"github.com/quic-go/quic-go"
	"github.com/quic-go/quic-go/http3"
)

const streamType = 0x21

// What came on a stream.
type count struct {
	bytes, wrong int
	err          error
}

// The type, which is a byte, has been read.
func read(stream quic.ReceiveStream) count {
	counted := count{bytes: 1}
	buffer := make([]byte, 65536)
	for {
		n, err := stream.Read(buffer)
		for _, found := range buffer[:n] {
			wanted := byte(counted.bytes*31 + int(stream.StreamID()))
			if found != wanted {
				counted.wrong++
			}
			counted.bytes++
		}
		if err == io.EOF {
			return counted
		}
		if err != nil {
			counted.err = err
			return counted
		}
	}
}

func get(url, file string, streams int) (map[string]int, error) {
	counts := make(chan count)
	transport := &http3.Transport{
		TLSClientConfig: &tls.Config{InsecureSkipVerify: true},
		UniStreamHijacker: func(kind http3.StreamType, _ quic.ConnectionTracingID,
			stream quic.ReceiveStream, err error) bool {
			if err != nil || kind != streamType {
				return false
			}
			counts <- read(stream)
			return true
		},
	}
	response, err := (&http.Client{Transport: transport}).Get(url)
	if err != nil {
		return nil, err
	}
	output, err := os.Create(file)
	if err != nil {
		return nil, err
	}
	if _, err = io.Copy(output, response.Body); err != nil {
		return nil, err
	}
	if err = output.Close(); err != nil {
		return nil, err
	}
	total := map[string]int{"streams": 0, "bytes": 0, "wrong": 0}
	for total["streams"] < streams {
		stream := <-counts
		if stream.err != nil {
			return nil, stream.err
		}
		total["streams"]++
		total["bytes"] += stream.bytes
		total["wrong"] += stream.wrong
	}
	return total, transport.Close()
}

func main() {
	streams, err := strconv.Atoi(os.Args[3])
	if err != nil {
		panic(err)
	}
	total, err := get(os.Args[1], os.Args[2], streams)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	json.NewEncoder(os.Stdout).Encode(total)
}
