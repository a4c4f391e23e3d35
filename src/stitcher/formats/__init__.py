"""Audio formats: profiles, frames, containers, ffmpeg."""
