# Tells the Task Scheduler what to do at night, for the account that runs this, without administrator rights:
#   powershell -File deploy\windows\register-tasks.ps1 -Inbox D:\cpm-inbox -Backups E:\cpm-backups
# Backups are kept 35 days and loads 400, unless -KeepDays and -KeepLoadsDays say otherwise.
# Where scripts are forbidden by policy: docs/hosting.md gives the same by hand. To take the tasks away: -Remove
[CmdletBinding()]
param(
    [string] $Inbox,
    [string] $Backups,
    [ValidateRange(1, 36500)] [int] $KeepDays = 35,
    [ValidateRange(1, 36500)] [int] $KeepLoadsDays = 400,
    [switch] $Remove
)
Set-StrictMode -Version Latest
$ErrorActionPreference = 'Stop'

$night = Join-Path $PSScriptRoot 'night.cmd'
$tasks = @(
    @{ Name = 'CPM night load'; What = 'load'; Folder = $Inbox; At = '02:30' },
    @{ Name = 'CPM night backup'; What = "backup --keep-days $KeepDays --keep-loads-days $KeepLoadsDays"; Folder = $Backups; At = '04:00' }
)

foreach ($task in $tasks) {
    if ($Remove) {
        Unregister-ScheduledTask -TaskName $task.Name -Confirm:$false -ErrorAction SilentlyContinue
        continue
    }
    if (-not $task.Folder) {
        Write-Warning "$($task.Name): no folder given, so not registered."
        continue
    }
    $action = New-ScheduledTaskAction -Execute $night -Argument ('{0} "{1}"' -f $task.What, $task.Folder)
    $trigger = New-ScheduledTaskTrigger -Daily -At $task.At
    # Runs while this person is signed in to Windows; a machine that was off catches up.
    $settings = New-ScheduledTaskSettingsSet -StartWhenAvailable -AllowStartIfOnBatteries -DontStopIfGoingOnBatteries `
        -MultipleInstances IgnoreNew -ExecutionTimeLimit (New-TimeSpan -Hours 2)
    Register-ScheduledTask -TaskName $task.Name -Action $action -Trigger $trigger -Settings $settings -Force | Out-Null
    Write-Output "$($task.Name): every day at $($task.At)."
}
