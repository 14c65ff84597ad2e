// Seed of the folder.
namespace sealwire::net {}
