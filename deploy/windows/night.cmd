@echo off
rem What the Task Scheduler calls: night.cmd load FOLDER, night.cmd backup FOLDER (which also deletes loads past their time).
rem What happened is added to cpm-night.log: no names in it.
cd /d "%~dp0..\.."
.venv\Scripts\python.exe deploy\night.py %* 2>>"%LOCALAPPDATA%\cpm-night.log"
