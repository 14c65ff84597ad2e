// Seed of the folder.
namespace sealwire::dpdk {}
