// Steers DNS over UDP to served addresses into AF_XDP sockets and passes everything else to the
// kernel, which goes on answering ARP, ping and TCP. Runs in the kernel, once per frame.
//
// `served` is filled and `xsks_map` gets its sockets after the program is attached; until then, and
// again when their owner is gone, all frames go to the kernel. What this program lets through is
// parsed again by dpdk/frame.cc: here nothing is trusted but the bounds.
#include <linux/bpf.h>
#include <linux/if_ether.h>
#include <linux/in.h>
#include <linux/ip.h>
#include <linux/ipv6.h>
#include <linux/udp.h>

#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>

#define MAX_VLAN_TAGS 2
#define MAX_EXTENSION_HEADERS 4
#define MAX_EXTENSION_OCTETS 256

struct destination {
  __u8 address[16];  // IPv4 as IPv4-mapped IPv6
  __be16 port;
  __u16 zero;
};

struct vlan_tag {
  __be16 control;
  __be16 type;
};

struct extension {
  __u8 next;
  __u8 size;
  __be16 offset;
  __u32 rest;
};

struct {
  __uint(type, BPF_MAP_TYPE_XSKMAP);
  __uint(max_entries, 128);
  __type(key, __u32);
  __type(value, __u32);
} xsks_map SEC(".maps");

struct {
  __uint(type, BPF_MAP_TYPE_HASH);
  __uint(max_entries, 4096);
  __type(key, struct destination);
  __type(value, __u8);
} served SEC(".maps");

SEC("xdp")
int sealwire_steer(struct xdp_md* context) {
  void* at = (void*)(long)context->data;
  void* end = (void*)(long)context->data_end;
  struct destination to = {};

  struct ethhdr* ethernet = at;
  if ((void*)(ethernet + 1) > end) return XDP_PASS;
  __be16 type = ethernet->h_proto;
  at = ethernet + 1;
#pragma unroll
  for (int i = 0; i < MAX_VLAN_TAGS; ++i) {
    if (type != bpf_htons(ETH_P_8021Q) && type != bpf_htons(ETH_P_8021AD)) break;
    struct vlan_tag* tag = at;
    if ((void*)(tag + 1) > end) return XDP_PASS;
    type = tag->type;
    at = tag + 1;
  }

  if (type == bpf_htons(ETH_P_IP)) {
    struct iphdr* ip = at;
    if ((void*)(ip + 1) > end || ip->ihl < 5 || ip->protocol != IPPROTO_UDP) return XDP_PASS;
    if (ip->frag_off & bpf_htons(0x1fff)) return XDP_PASS;
    to.address[10] = to.address[11] = 0xff;
    __builtin_memcpy(to.address + 12, &ip->daddr, 4);
    at += ip->ihl * 4;
  } else if (type == bpf_htons(ETH_P_IPV6)) {
    struct ipv6hdr* ip = at;
    if ((void*)(ip + 1) > end) return XDP_PASS;
    __builtin_memcpy(to.address, &ip->daddr, 16);
    __u8 next = ip->nexthdr;
    at = ip + 1;
    for (int i = 0; i < MAX_EXTENSION_HEADERS; ++i) {
      if (next == IPPROTO_UDP) break;
      struct extension* header = at;
      if ((void*)(header + 1) > end) return XDP_PASS;
      __u32 size = 8;
      if (next == IPPROTO_FRAGMENT) {
        if (header->offset & bpf_htons(0xfff8)) return XDP_PASS;
      } else if (next == IPPROTO_HOPOPTS || next == IPPROTO_DSTOPTS || next == IPPROTO_ROUTING) {
        size += header->size * 8;
        if (size > MAX_EXTENSION_OCTETS) return XDP_PASS;
      } else {
        return XDP_PASS;
      }
      next = header->next;
      at += size;
    }
    if (next != IPPROTO_UDP) return XDP_PASS;
  } else {
    return XDP_PASS;
  }

  struct udphdr* udp = at;
  if ((void*)(udp + 1) > end) return XDP_PASS;
  to.port = udp->dest;
  if (!bpf_map_lookup_elem(&served, &to)) return XDP_PASS;
  return bpf_redirect_map(&xsks_map, context->rx_queue_index, XDP_PASS);
}

char xdp_steer_license[] SEC("license") = "GPL";
