// Seed of the folder.
namespace sealwire::control {}
