"""The process that opens what strangers send: started for one file, limited, and ended with it."""
